/** A fault that the simulation must find: text of one source file, and what stands in its place. */
export type PlantedFault = {
  file: `shared/${string}`;
  /** It must occur exactly once in the file. */
  text: string;
  by: string;
  /** Histories from here on find it soon. Others find it, too, but may need more of them. */
  seed: number;
  /** Part of what the simulation then says. */
  found: RegExp;
};

/** Faults that Stead had, or could have. Each one is planted alone. */
export const PLANTED_FAULTS: Readonly<Record<string, PlantedFault>> = {
  'due entry deleted at a disagreement': {
    file: 'shared/adapters/azureStorage/tableAccounts.ts',
    text: 'const wasMissing = await restoreEntry(account, abortSignal);',
    by: 'const wasMissing = false;',
    seed: 1,
    found: /the last entry by which a run finds/,
  },
  'generation ignored': {
    file: 'shared/tokens/storedCache.ts',
    text: 'if (opened.ok && opened.generation === generation) {',
    by: 'if (opened.ok) {',
    seed: 18,
    found: /overwrote the cache|was marked/,
  },
  'ETag ignored on settle': {
    file: 'shared/worker/settle.ts',
    text: "(now) => (now?.etag === account.etag ? to : 'keep'),",
    by: '() => to,',
    seed: 1,
    found: /brought back|was overwritten/,
  },
  'settle without the lease': {
    file: 'shared/worker/settle.ts',
    text: "now?.lease?.runId === summary.runId && now.state !== 'damaged';",
    by: "now !== undefined && summary !== undefined && now.state !== 'damaged';",
    seed: 12,
    found: /without the lease/,
  },
  'snapshot read twice': {
    file: 'shared/tokens/storedCache.ts',
    text: 'let etag: string | undefined = snapshot.etag;',
    by: 'let etag: string | undefined = (await context.store.read(userId, signal))?.etag;',
    seed: 11,
    found: /overwrote a newer refresh token|refresh token of u\d was lost/,
  },
  'cache written without If-Match': {
    file: 'shared/adapters/azureStorage/blobTokenCache.ts',
    text: "conditions: ifMatch === undefined ? { ifNoneMatch: '*' } : { ifMatch },",
    by: "conditions: ifMatch === undefined ? { ifNoneMatch: '*' } : {},",
    seed: 11,
    found: /overwrote a newer refresh token|refresh token of u\d was lost/,
  },
  'tombstone erased early': {
    file: 'shared/account/schedule.ts',
    text: 'const TOMBSTONE_FOR_MS = 48 * HOUR;',
    by: 'const TOMBSTONE_FOR_MS = HOUR;',
    seed: 1,
    found: /erased too early/,
  },
  'take-back without ETag': {
    file: 'shared/account/endAccount.ts',
    text: 'await services.tokenCache.remove(userId, written, signal);',
    by: 'await services.tokenCache.remove(userId, undefined, signal);',
    seed: 1,
    found: /living connection/,
  },
  'cache deleted before the tombstone': {
    file: 'shared/account/endAccount.ts',
    text: '  const { before, changed } = await changeAccount(\n    services,\n    userId,\n    (now) => {\n      const ends',
    by: '  await services.tokenCache.remove(userId, undefined, signal);\n  const { before, changed } = await changeAccount(\n    services,\n    userId,\n    (now) => {\n      const ends',
    seed: 1,
    found: /living connection/,
  },
  'lease taken from a stale page': {
    file: 'shared/adapters/azureStorage/tableAccounts.ts',
    text: 'if (dueRowKey(dueAt(account), userId) !== entry.rowKey) {',
    by: 'if (account.state === undefined) {',
    seed: 1,
    found: /before they were due|sent 2 requests/,
  },
  'refresh token dropped in a merge': {
    file: 'shared/tokens/mergeCache.ts',
    text: '  if (same(was, own)) return other;',
    by: "  if (section === 'RefreshToken') return undefined;\n  if (same(was, own)) return other;",
    seed: 1,
    found: /refresh token of u\d was lost/,
  },
  'newer refresh token overwritten by the worker': {
    file: 'shared/tokens/mergeCache.ts',
    text: "return writer === 'request' ? own : other;",
    by: 'return writer === undefined ? other : own;',
    seed: 11,
    found: /overwrote a newer refresh token/,
  },
  'cooldown of Graph applied to the token endpoint': {
    file: 'shared/tokens/cooldowns.ts',
    text: 'users.get(`$'.concat('{api} $', '{userId}`)?.until;'),
    by: '[...users].find(([key]) => key.endsWith(userId))?.[1].until;',
    seed: 1,
    found: /_cooldown\), and nobody had asked/,
  },
  'lease without an entry': {
    file: 'shared/adapters/azureStorage/accountWrites.ts',
    text: '      putEntry(to),\n      ...(moves',
    by: '      ...(to.lease ? [] : [putEntry(to)]),\n      ...(moves',
    seed: 1,
    found: /no run finds/,
  },
  'cache left when a process dies after the tombstone': {
    file: 'shared/worker/refreshUser.ts',
    text: '      await removeCache(app, tombstone.userId, operation.signal);\n      return settle(',
    by: '      return settle(',
    seed: 1,
    found: /left without an account/,
  },
  'retirement by a wrong clock': {
    file: 'shared/account/clocksDiffer.ts',
    text: 'Math.abs(accounts.clockAheadMs?.() ?? 0) > MAX_CLOCK_DIFFERENCE_MS;',
    by: 'Math.abs(accounts.clockAheadMs?.() ?? 0) > Number.MAX_SAFE_INTEGER;',
    seed: 17,
    found: /was retired|erased too early|after the end/,
  },
  'end written by a wrong clock': {
    file: 'shared/account/nowByStore.ts',
    text: 'return clocksDiffer(accounts) ?',
    by: 'return clocksDiffer(accounts) && time.getTime() === 0 ?',
    seed: 35,
    found: /erased too early|was retired|left without an account|before they were due|after the end/,
  },
  'next check counted by a wrong clock': {
    file: 'shared/worker/refreshUser.ts',
    text: 'const [now, random] = [nowByStore(app), app.clock.random()];\n  const dated = tokenByStore(app, token);',
    by: 'const [now, random] = [app.clock.now(), app.clock.random()];\n  const dated = token;',
    seed: 9,
    found: /comes after the end of their refresh token/,
  },
  'lease taken by a wrong clock': {
    file: 'shared/adapters/azureStorage/tableAccounts.ts',
    text: 'const now = byClocks();',
    by: 'const now = clock.now();',
    seed: 5,
    found: /before they were due/,
  },
  'next check by a wrong clock never corrected': {
    file: 'shared/account/schedule.ts',
    text: '  if (lease !== undefined) return lease.until > after(now, LONGEST_LEASE_MS);',
    by: '  if (state !== undefined) return false;\n  if (lease !== undefined) return lease.until > after(now, LONGEST_LEASE_MS);',
    seed: 22,
    found: /due too late/,
  },
  'refused token asked for twice': {
    file: 'shared/adapters/entra/msal.ts',
    text: 'if (latest.etag === snapshot.etag && latest.state === snapshot.state) throw error;',
    by: '',
    seed: 1,
    found: /sent 2 requests/,
  },
  'unchanged account read again and again': {
    file: 'shared/account/changeAccount.ts',
    text: "if (next === 'keep') return { before, account: before, changed: false };",
    by: "if (next === 'keep' && attempt === TRIES) return { before, account: before, changed: false };\n    if (next === 'keep') {\n      before = await accounts.read(userId, signal);\n      continue;\n    }",
    seed: 1,
    found: /calls to the table store/,
  },
  'checked again at once': {
    file: 'shared/account/schedule.ts',
    text: 'return earliest(latestOf(warm, soonest), renewAt(account, now, random), retire);',
    by: 'return earliest(latestOf(warm, soonest), renewAt(account, now, random), after(now, EVERY_RUN_MS), retire);',
    seed: 1,
    found: /due again at once/,
  },
  'permission not known by its full name': {
    file: 'shared/tokens/scopes.ts',
    text: 'nameOf(scope).toLowerCase();',
    by: 'scope.toLowerCase();',
    seed: 1,
    found: /was refused \(/,
  },
  'consent and tokens of one user used for another': {
    file: 'shared/tokens/assertionMemo.ts',
    text: "const keyOf = (assertion: string): string => createHash('sha256').update(assertion).digest('base64');",
    by: "const keyOf = (assertion: string): string => createHash('sha256').update(assertion.slice(0, 10)).digest('base64');",
    seed: 1,
    found: /another user's/,
  },
  'disconnection forgotten': {
    file: 'shared/account/connectAccount.ts',
    text: "(whom === 'not-disconnected' && was !== 'disconnected');",
    by: "whom === 'not-disconnected';",
    seed: 1,
    found: /has disconnected, and is connected/,
  },
  'user marked for an outage': {
    file: 'shared/tokens/failures.ts',
    text: "    name: 'outage',\n    kind: 'transient',",
    by: "    name: 'outage',\n    kind: 'needs-user',",
    seed: 1,
    found: /nothing was wrong with them/,
  },
  'damaged row taken for an old one': {
    file: 'shared/adapters/azureStorage/accountRow.ts',
    text: '  if (lastActivity === undefined) {',
    by: "  if (lastActivity === undefined && state !== 'damaged') {\n    row = { ...row, lastActivity: new Date('2020-02-02T00:00:00Z') };\n    return fromRow(userId, row, etag);\n  }\n  if (lastActivity === undefined) {",
    seed: 1,
    found: /was retired|damaged row/,
  },
};
