/** The store that docs/extend.md shows, held to the contract of every store, and in the application. */
import { expect, it, onTestFinished } from 'vitest';
import { cachesInMap, stores } from '../../../examples/ownStore/cachesInMap.ts';
import { systemClock } from '../../../shared/clock.ts';
import { createLocalApp } from '../../../shared/testing/localApp.ts';
import { startEntra } from '../../../shared/testing/startEntra.ts';
import { createShiftedClock } from '../../../shared/testing/testClock.ts';
import { tokenCacheStoreContract } from '../../support/tokenCacheStoreContract.ts';

tokenCacheStoreContract('The example of a store', () => cachesInMap({ clock: systemClock }));

it('keeps the cache with which the worker acts for a user', async () => {
  const entra = await startEntra();
  onTestFinished(() => entra.close());
  const clock = createShiftedClock();
  const opened = stores({ access: undefined, tokenCacheStore: 'blob', clock });
  const app = createLocalApp(entra, { ...opened, clock });
  const user = await app.visit('adele');
  expect((await opened.tokenCache.read(user))?.sealed).toMatch(/^eyJ/);
  clock.aheadMs = 3_600_000;
  expect(await app.sweep()).toMatchObject({ claimed: 1, fromCache: 1, failed: {} });
});
