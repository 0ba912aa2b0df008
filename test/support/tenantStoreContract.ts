import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { TenantStore } from '../../shared/ports.ts';

const NOW = new Date('2026-11-20T09:00:00Z');
const SOON = new Date('2026-11-20T09:15:00Z');
const LATER = new Date('2026-11-20T10:00:00Z');
const BEFORE = new Date('2026-11-20T08:59:59Z');

/** What every tenant store must do. `open` gives a store with nothing in it. */
export function tenantStoreContract(name: string, open: () => TenantStore): void {
  describe(`${name} as a tenant store`, () => {
    it('leaves nobody in peace at first', async () => {
      expect(await open().cooling(NOW)).toEqual(new Map());
    });

    it('tells who is left in peace, and until when', async () => {
      const store = open();
      const [one, other] = [randomUUID(), randomUUID()];
      await store.cool(one, SOON);
      await store.cool(other, LATER);
      expect(await store.cooling(NOW)).toEqual(
        new Map([
          [one, SOON],
          [other, LATER],
        ]),
      );
    });

    it.each([
      ['longer', SOON, LATER],
      ['shorter', LATER, SOON],
    ])('counts the latest word when it is %s', async (_, first, latest) => {
      const store = open();
      const tid = randomUUID();
      await store.cool(tid, first);
      await store.cool(tid, latest);
      expect(await store.cooling(NOW)).toEqual(new Map([[tid, latest]]));
    });

    it('rounds the end up to a whole second', async () => {
      const store = open();
      const tid = randomUUID();
      await store.cool(tid, new Date('2026-11-20T09:00:00.001Z'));
      expect(await store.cooling(NOW)).toEqual(new Map([[tid, new Date('2026-11-20T09:00:01Z')]]));
    });

    it('ends at the very moment', async () => {
      const store = open();
      const tid = randomUUID();
      await store.cool(tid, SOON);
      expect(await store.cooling(new Date(SOON.getTime() - 1))).toEqual(new Map([[tid, SOON]]));
      expect(await store.cooling(SOON)).toEqual(new Map());
    });

    it('has nobody to forget at first', async () => {
      await open().forgetEnded(NOW);
    });

    it('forgets nobody by telling who cools', async () => {
      const store = open();
      const tid = randomUUID();
      await store.cool(tid, SOON);
      await store.cooling(LATER);
      expect(await store.cooling(NOW)).toEqual(new Map([[tid, SOON]]));
    });

    it('forgets those whose time is over, and nobody else', async () => {
      const store = open();
      const [over, cooling] = [randomUUID(), randomUUID()];
      await store.cool(over, SOON);
      await store.cool(cooling, LATER);
      await store.forgetEnded(SOON);
      expect(await store.cooling(BEFORE)).toEqual(new Map([[cooling, LATER]]));
    });

    it('leaves a tenant in peace again after its time was over', async () => {
      const store = open();
      const tid = randomUUID();
      await store.cool(tid, BEFORE);
      expect(await store.cooling(NOW)).toEqual(new Map());
      await store.forgetEnded(NOW);
      await store.cool(tid, SOON);
      expect(await store.cooling(NOW)).toEqual(new Map([[tid, SOON]]));
    });
  });
}
