/**
 * Runs some histories and prints what a test must know of them: the hash of everything that was told, and which kinds of
 * asynchronous work the platform was asked for. It is a process of its own, so that nothing else asks.
 */
import { createHook } from 'node:async_hooks';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { FORMS } from './forms.ts';
import { GUIDED_LINKS } from './guidedMoments.ts';
import type { Form } from './search.ts';

const [seed = '1', count = '20'] = process.argv.slice(2);
const kinds = new Set<string>();
const told = createHash('sha256');
const kindOf = new Map<number, string>();
// Only what the platform calls back has been waited for. Random bytes, for one, are asked for and had at once.
const hook = createHook({
  init: (id, kind) => void kindOf.set(id, kind),
  before(id) {
    const kind = kindOf.get(id);
    if (kind !== undefined) kinds.add(kind);
  },
});

const observe = <H>({ history, run }: Form<H>, numRuns: number): Promise<void> =>
  observeAll(fc.sample(history, { numRuns, seed: Number(seed) }), run);

async function observeAll<H>(histories: readonly H[], run: Form<H>['run']): Promise<void> {
  hook.enable();
  for (const one of histories) told.update((await run(one, { tells: true })).lines.join('\n'));
  hook.disable();
}

await observe(FORMS.interleavings, Number(count));
await observe(FORMS['short-years'], 1);
// Chance lets few users link.
await observeAll(Object.values(GUIDED_LINKS), FORMS.interleavings.run);
process.stdout.write(JSON.stringify({ told: told.digest('hex'), kinds: [...kinds].sort() }));
