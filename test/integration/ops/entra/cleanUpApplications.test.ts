import { describe, expect, it } from 'vitest';
import { WEBHOOK_CLIENT_ID } from '../../../../dev/entra/directory.ts';
import { contentOf, createGraphDirectory, EVERYTHING } from '../../../support/graphDirectory.ts';
import { cleanUp, register, requestLine, runUntilItDies } from './registrations.ts';

describe('a clean-up', () => {
  it.each([0, 6_000])('deletes what was created, and nothing else (seen after %i ms)', async (settleMs) => {
    const directory = createGraphDirectory({ settleMs });
    await register(directory, { name: 'other' });
    // Other applications may use it, too.
    directory.directory.createPrincipal({ appId: WEBHOOK_CLIENT_ID });
    const before = contentOf(directory);
    await register(directory, EVERYTHING);
    const { calls: shown } = await cleanUp(directory, { dryRun: true });
    const writes = directory.writes.length;
    const { calls } = await cleanUp(directory);
    expect(shown).toEqual(calls);
    expect(directory.writes.slice(writes, writes + 3).map(requestLine)).toEqual([
      'DELETE /applications/*',
      'PATCH /applications/*',
      'DELETE /applications/*',
    ]);
    expect(contentOf(directory)).toEqual(before);
    expect((await cleanUp(directory)).calls).toEqual([]);
  });

  it.each([1, 2, 3])('that died with call %i is completed by the next', async (at) => {
    const directory = createGraphDirectory({ settleMs: 3_000 });
    await register(directory, EVERYTHING);
    await runUntilItDies(directory, () => cleanUp(directory), at, true);
    await cleanUp(directory);
    expect(directory.directory.applications.newest()).toEqual([]);
    // Those of Graph and of Azure Monitor.
    expect(directory.directory.principals.newest()).toHaveLength(2);
  });

  it('that died is undone by a registration, which enables the scope again', async () => {
    const directory = createGraphDirectory();
    const { registered } = await register(directory, EVERYTHING);
    const { id = '', api } = registered.api ?? {};
    const scopes = api?.oauth2PermissionScopes.map((scope) => ({ ...scope, isEnabled: false }));
    directory.directory.changeApplication(id, { api: { oauth2PermissionScopes: scopes } });
    const { calls } = await register(directory, EVERYTHING);
    expect(calls.map(({ why }) => why)).toEqual([
      'Correct the application of the API: the scope access_as_user is disabled',
    ]);
  });

  it('without a registration has nothing to delete', async () => {
    const directory = createGraphDirectory();
    expect(await cleanUp(directory)).toEqual({ sent: 0, calls: [] });
  });
});
