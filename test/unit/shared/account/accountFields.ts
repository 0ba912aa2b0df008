import type { AccountFields } from '../../../../shared/ports.ts';
import { toUserId } from '../../../../shared/userId.ts';

/** An account that was never checked, with the fields that a test needs to be different. */
export function accountFields(lastActivity: Date, different: Partial<AccountFields> = {}): AccountFields {
  return {
    userId: toUserId({
      tid: '10000000-0000-4000-8000-000000000001',
      oid: '20000000-0000-4000-8000-000000000002',
    }),
    homeAccountId: undefined,
    userPrincipalName: undefined,
    lastActivity,
    state: 'active',
    generation: 'generation-1',
    dueAt: lastActivity,
    runId: undefined,
    failure: undefined,
    attempts: 0,
    lastRefreshed: undefined,
    expiresOn: undefined,
    refreshTokenExpiresOn: undefined,
    history: [],
    ...different,
  };
}
