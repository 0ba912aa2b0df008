/** Requests, disconnections and checks of one user, whose calls reach the stores in any order. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isConnected } from '../../../../shared/account/account.ts';
import { ACTS, type Act, createWorld, expectWhole, PASTS } from './oneUser.ts';

/** By the user, by an operator, by time. */
const ENDS_DISCONNECTION: ReadonlySet<Act> = new Set(['reconnect', 'retire', 'late-check']);
describe('one user, with everything at once', { timeout: 120_000 }, () => {
  const race = fc.array(fc.constantFrom(...ACTS), { minLength: 2, maxLength: 5 });

  it('has a cache that opens when active, none when ended, and nothing of an earlier connection', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.constantFrom(...PASTS), race, async (scheduler, past, together) => {
        let racing = false;
        const world = createWorld(async (name, call) => {
          if (racing) await scheduler.schedule(Promise.resolve(), name);
          return call();
        });
        for (const act of past) await world.acts[act]();
        await expectWhole(world);
        racing = true;
        await scheduler.waitFor(Promise.all(together.map((act) => world.acts[act]())));
        racing = false;
        await expectWhole(world);
        const { state } = (await world.accounts.read(world.userId)) ?? { state: 'unknown' };
        seen.add(state);
        const ends = together.some((act) => ENDS_DISCONNECTION.has(act));
        if (together.includes('disconnect') && !ends) expect(state).toBe('disconnected');

        // The user's next visit connects them again, unless they have disconnected.
        await world.acts.visit();
        await expectWhole(world);
        const after = await world.accounts.read(world.userId);
        expect(after?.state).toBe(state === 'disconnected' ? 'disconnected' : 'active');
      }),
      { numRuns: 500 },
    );
    expect([...seen].sort()).toEqual(
      expect.arrayContaining(['active', 'disconnected', 'pending', 'retired']),
    );
  });
});

describe('one user who is asked first, with everything at once', { timeout: 120_000 }, () => {
  const PASTS_BY_WISH: Act[][] = [
    [],
    ['reconnect', 'visit'],
    ['reconnect', 'visit', 'retire'],
    ['reconnect', 'visit', 'disconnect'],
  ];
  const race = fc.array(fc.constantFrom(...ACTS), { minLength: 2, maxLength: 5 });

  it('is connected by their wish alone, and nothing else is kept', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.constantFrom(...PASTS_BY_WISH),
        race,
        async (scheduler, past, together) => {
          let racing = false;
          const world = createWorld(async (name, call) => {
            if (racing) await scheduler.schedule(Promise.resolve(), name);
            return call();
          }, 'ask');
          for (const act of past) await world.acts[act]();
          const before = await world.accounts.read(world.userId);
          racing = true;
          await scheduler.waitFor(Promise.all(together.map((act) => world.acts[act]())));
          racing = false;
          await expectWhole(world);
          const between = await world.accounts.read(world.userId);
          seen.add(between?.state ?? 'unknown');
          const wasConnected = before !== undefined && isConnected(before);
          if (!wasConnected && !together.includes('reconnect')) {
            expect(between === undefined || !isConnected(between)).toBe(true);
            if (before === undefined) expect(between).toBeUndefined();
          }

          await world.acts.visit();
          await expectWhole(world);
          const after = await world.accounts.read(world.userId);
          const isNow = between !== undefined && isConnected(between);
          expect(after?.state).toBe(isNow ? 'active' : between?.state);
        },
      ),
      { numRuns: 300 },
    );
    expect([...seen].sort()).toEqual(['active', 'disconnected', 'pending', 'retired', 'unknown']);
  });
});

describe('whatever one user is about to do', { timeout: 120_000 }, () => {
  /** What other operations do in the meantime, in this order. */
  const MEANWHILE: Act[][] = [
    ...ACTS.map((act) => [act]),
    ['retire', 'visit'],
    ['disconnect', 'reconnect'],
    ['disconnect', 'reconnect', 'visit'],
    ['late-check', 'visit'],
  ];

  it.each(ACTS)('all is well if others come before any single call of a %s', async (act) => {
    let points = 0;
    for (const past of PASTS) {
      for (const meanwhile of MEANWHILE) {
        for (let point = 1, reached = true; reached; point += 1) {
          reached = false;
          let calls = Number.NaN;
          const world = createWorld(async (_name, call) => {
            calls += 1;
            if (calls === point) {
              reached = true;
              points += 1;
              for (const other of meanwhile) await world.acts[other]();
            }
            return call();
          });
          for (const before of past) await world.acts[before]();
          calls = 0;
          await world.acts[act]();
          calls = Number.NaN;
          const where = `${past.join(', ')}; before call ${point} of ${act}: ${meanwhile.join(', ')}`;
          await expectWhole(world, where);
          const account = await world.accounts.read(world.userId);
          await world.acts.visit();
          await expectWhole(world, where);
          const { state } = (await world.accounts.read(world.userId)) ?? {};
          expect(state, where).toBe(account?.state === 'disconnected' ? 'disconnected' : 'active');
        }
      }
    }
    expect(points).toBeGreaterThan(PASTS.length * MEANWHILE.length);
  });
});
