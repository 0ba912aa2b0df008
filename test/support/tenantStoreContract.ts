import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Cooldown, TenantStore } from '../../shared/ports.ts';

const NOW = new Date('2026-11-20T09:00:00Z');
const SOON = new Date('2026-11-20T09:15:00Z');
const LATER = new Date('2026-11-20T10:00:00Z');
const BEFORE = new Date('2026-11-20T08:59:59Z');

const cooldown = (until: Date, more: Partial<Cooldown> = {}): Cooldown => ({
  tenant: randomUUID(),
  api: 'token',
  until,
  kind: 'throttled',
  ...more,
});
const inAnyOrder = (cooldowns: readonly Cooldown[]) => new Set(cooldowns.map((one) => JSON.stringify(one)));

/** What every tenant store must do. `open` gives a store with nothing in it. */
export function tenantStoreContract(name: string, open: () => TenantStore): void {
  describe(`${name} as a tenant store`, () => {
    it('leaves nothing alone at first', async () => {
      expect(await open().cooling(NOW)).toEqual([]);
    });

    it('tells what is left alone, for whom, until when and why', async () => {
      const store = open();
      const tenant = randomUUID();
      const all = [
        cooldown(SOON, { tenant }),
        cooldown(LATER, { tenant, api: 'graph' }),
        cooldown(LATER, { kind: 'tenant' }),
        cooldown(SOON, { kind: undefined }),
        cooldown(SOON, { tenant: '*', api: 'graph' }),
      ];
      for (const one of all) await store.cool(one);
      expect(inAnyOrder(await store.cooling(NOW))).toEqual(inAnyOrder(all));
    });

    it.each([
      ['longer', SOON, LATER],
      ['shorter', LATER, SOON],
    ])('counts the latest word when it is %s', async (_, first, latest) => {
      const store = open();
      const one = cooldown(first);
      await store.cool(one);
      await store.cool({ ...one, until: latest });
      expect(await store.cooling(NOW)).toEqual([{ ...one, until: latest }]);
    });

    it('rounds the end up to a whole second', async () => {
      const store = open();
      const one = cooldown(new Date('2026-11-20T09:00:00.001Z'));
      await store.cool(one);
      expect(await store.cooling(NOW)).toEqual([{ ...one, until: new Date('2026-11-20T09:00:01Z') }]);
    });

    it.each(['token', 'graph'] as const)('ends at the very moment (%s)', async (api) => {
      const store = open();
      const one = cooldown(SOON, { api });
      await store.cool(one);
      expect(await store.cooling(new Date(SOON.getTime() - 1))).toEqual([one]);
      expect(await store.cooling(SOON)).toEqual([]);
    });

    it('has nothing to forget at first', async () => {
      await open().removeEnded(NOW);
    });

    it.each(['token', 'graph'] as const)('forgets nothing by telling what cools (%s)', async (api) => {
      const store = open();
      const one = cooldown(SOON, { api });
      await store.cool(one);
      await store.cooling(LATER);
      expect(await store.cooling(NOW)).toEqual([one]);
    });

    it.each(['token', 'graph'] as const)('forgets what is over, and nothing else (%s)', async (api) => {
      const store = open();
      const [over, cooling] = [cooldown(SOON, { api }), cooldown(LATER, { api })];
      await store.cool(over);
      await store.cool(cooling);
      await store.removeEnded(SOON);
      expect(await store.cooling(BEFORE)).toEqual([cooling]);
    });

    it('leaves a tenant alone again after its time was over', async () => {
      const store = open();
      const one = cooldown(BEFORE);
      await store.cool(one);
      expect(await store.cooling(NOW)).toEqual([]);
      await store.removeEnded(NOW);
      await store.cool({ ...one, until: SOON });
      expect(await store.cooling(NOW)).toEqual([{ ...one, until: SOON }]);
    });
  });
}
