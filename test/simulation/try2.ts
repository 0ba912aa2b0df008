import fc from 'fast-check';
import { interleaving } from './history.ts';
import { simulate } from './simulate.ts';

const hs = fc.sample(interleaving, { numRuns: Number(process.argv[2]), seed: Number(process.argv[3]) });
let steps = 0;
const cpu = process.cpuUsage();
const t = performance.now();
const found = new Map<string, number>();
for (const h of hs) {
  const o = await simulate(h);
  steps += o.steps;
  if (o.violation) found.set(o.violation, (found.get(o.violation) ?? 0) + 1);
}
const { user } = process.cpuUsage(cpu);
console.log(found, { ms: performance.now() - t, cpuMs: user / 1000, steps });
