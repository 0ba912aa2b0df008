import { randomUUID } from 'node:crypto';
import type { AccountFields } from '../../shared/ports.ts';
import { toUserId, type UserId } from '../../shared/userId.ts';

export const someUser = (): UserId => toUserId({ tid: randomUUID(), oid: randomUUID() });

/** An account with every field filled in. */
export function sampleAccount(fields: Partial<AccountFields> = {}): AccountFields {
  return {
    userId: someUser(),
    homeAccountId: `${randomUUID()}.${randomUUID()}`,
    userPrincipalName: "anna.o'müller_partner.example#EXT#@contoso.example",
    lastActivity: new Date('2026-11-20T08:15:30.123Z'),
    state: 'active',
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
    ],
    ...fields,
  };
}
