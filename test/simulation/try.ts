import fc from 'fast-check';
import { interleaving } from '/work/wt/simulation/test/simulation/history.ts';
import { simulate } from '/work/wt/simulation/test/simulation/simulate.ts';

const n = Number(process.argv[2] ?? 5),
  seed = Number(process.argv[3] ?? 1);
let steps = 0;
const edges = new Set<string>();
const t = performance.now();
const r = await fc.check(
  fc.asyncProperty(interleaving, async (h) => {
    const o = await simulate(h);
    steps += o.steps;
    for (const e of o.edges) edges.add(e);
    if (o.violation) {
      (globalThis as any).last = o;
      throw new Error(o.violation);
    }
  }),
  { numRuns: n, seed, endOnFailure: process.argv[4] === 'first' },
);
const ms = performance.now() - t;
if (r.failed) {
  const o = await simulate(r.counterexample![0], { tells: true });
  console.log(o.lines.join('\n'));
  console.log(JSON.stringify(r.counterexample![0]));
  console.log(o.violation, r.counterexamplePath, 'shrinks', r.numShrinks, 'runs', r.numRuns);
}
console.log({
  runs: r.numRuns,
  ms: Math.round(ms),
  steps,
  perS: Math.round((r.numRuns / ms) * 1000),
  edges: [...edges],
});
