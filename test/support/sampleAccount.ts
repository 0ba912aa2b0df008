import { randomUUID } from 'node:crypto';
import type { AccountFields } from '../../shared/ports.ts';
import { shardOf, toUserId, type UserId } from '../../shared/userId.ts';

export const someUser = (tid: string = randomUUID()): UserId => toUserId({ tid, oid: randomUUID() });

/** A tenant, and those whose keys stand just before and just after its own. */
export const TENANT = '70000000-0000-4000-8000-000000000008';
export const NEIGHBOURS = ['70000000-0000-4000-8000-000000000007', '70000000-0000-4000-8000-000000000009'];

/** A user whose rows stand in that shard, of that tenant or of any. */
export function someUserOf(shard: string, tid?: string): UserId {
  for (;;) {
    const user = someUser(tid);
    if (shardOf(user) === shard) return user;
  }
}

/** An account with every field filled in. */
export function sampleAccount(fields: Partial<AccountFields> = {}): AccountFields {
  return {
    userId: someUser(),
    homeAccountId: `${randomUUID()}.${randomUUID()}`,
    userPrincipalName: "anna.o'müller_partner.example#EXT#@contoso.example",
    lastActivity: new Date('2026-11-20T08:15:30.123Z'),
    state: 'active',
    generation: randomUUID(),
    dueAt: new Date('2026-11-20T09:00:00Z'),
    runId: randomUUID(),
    failure: {
      kind: 'needs-user',
      code: 'AADSTS50076',
      suberror: 'basic_action',
      claims: '{"access_token":{"acrs":{"essential":true,"value":"c1 \\"é漢🙂\\""}}}',
      at: new Date('2026-11-20T08:14:00.456Z'),
    },
    attempts: 3,
    lastRefreshed: new Date('2026-11-20T08:00:00.789Z'),
    expiresOn: new Date('2026-11-20T09:12:34.567Z'),
    refreshTokenExpiresOn: new Date('2026-11-21T08:00:00.001Z'),
    history: [
      { at: new Date('2026-11-20T07:00:00.100Z'), outcome: 'refreshed' },
      { at: new Date('2026-11-20T07:30:00.200Z'), outcome: 'from-cache' },
      {
        at: new Date('2026-11-20T08:14:00.456Z'),
        outcome: 'failed',
        kind: 'needs-user',
        code: 'AADSTS50076',
      },
      { at: new Date('2026-11-20T08:14:30.000Z'), outcome: 'task-done', task: 'readProfile' },
      {
        at: new Date('2026-11-20T08:14:45.000Z'),
        outcome: 'task-failed',
        kind: 'throttled',
        code: 'http_429',
        task: 'readProfile',
      },
    ],
    ...fields,
  };
}
