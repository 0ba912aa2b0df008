import { randomUUID } from 'node:crypto';
import type {
  Active,
  AlikeChecks,
  HistoryEntry,
  Lease,
  NeedsUser,
  Pending,
  StoredFailure,
  Tombstone,
  Trouble,
} from '../../shared/account/account.ts';
import { shardOf } from '../../shared/adapters/shards.ts';
import { toUserId, type UserId } from '../../shared/userId.ts';

export const someUser = (tid: string = randomUUID()): UserId => toUserId({ tid, oid: randomUUID() });

/** A tenant, and those whose keys come just before and just after its own. */
export const TENANT = '70000000-0000-4000-8000-000000000008';
export const NEIGHBOURS = ['70000000-0000-4000-8000-000000000007', '70000000-0000-4000-8000-000000000009'];

/** A user of that shard, of that tenant or of any. */
export function someUserOf(shard: string, tid?: string): UserId {
  for (;;) {
    const user = someUser(tid);
    if (shardOf(user) === shard) return user;
  }
}

export const LEASE: Lease = { runId: 'run-1', until: new Date('2026-11-20T09:05:00Z') };

export const CHALLENGED: StoredFailure = {
  kind: 'needs-user',
  code: 'AADSTS50076',
  suberror: 'basic_action',
  claims: '{"access_token":{"acrs":{"essential":true,"value":"c1 \\"é漢🙂\\""}}}',
  at: new Date('2026-11-20T08:14:00.456Z'),
};

export const TROUBLE: Trouble = {
  attempts: 3,
  failure: { kind: 'throttled', code: 'http_429', at: new Date('2026-11-20T08:14:00.456Z') },
};

const HISTORY: readonly HistoryEntry[] = [
  { at: new Date('2026-11-20T07:00:00.100Z'), outcome: 'refreshed' },
  { at: new Date('2026-11-20T07:30:00.200Z'), outcome: 'from-cache' },
  { at: new Date('2026-11-20T08:14:00.456Z'), outcome: 'failed', kind: 'needs-user', code: 'AADSTS50076' },
  { at: new Date('2026-11-20T08:14:30.000Z'), outcome: 'task-done', task: 'readProfile' },
  {
    at: new Date('2026-11-20T08:14:45.000Z'),
    outcome: 'task-failed',
    kind: 'throttled',
    code: 'http_429',
    task: 'readProfile',
  },
];

/** More than the history has. */
const CHECKS: readonly AlikeChecks[] = [
  {
    first: new Date('2026-11-02T07:00:00.100Z'),
    last: new Date('2026-11-20T07:00:00.100Z'),
    times: 431,
    outcome: 'refreshed',
    tasks: [
      { task: 'read-profile', outcome: 'done', last: new Date('2026-11-20T07:00:01.000Z'), times: 18 },
      {
        task: 'inbox-digest',
        outcome: 'failed',
        kind: 'consent',
        code: 'consent_required',
        last: new Date('2026-11-20T07:00:02.000Z'),
        times: 1,
      },
    ],
  },
  {
    first: new Date('2026-11-20T08:14:00.456Z'),
    last: new Date('2026-11-20T08:14:00.456Z'),
    times: 1,
    outcome: 'failed',
    kind: 'needs-user',
    code: 'AADSTS50076',
    tasks: [],
  },
];

const TOKENS = {
  lastRefreshed: new Date('2026-11-20T08:00:00.789Z'),
  expiresOn: new Date('2026-11-20T09:12:34.567Z'),
  refreshTokenExpiresOn: new Date('2026-11-21T08:00:00.001Z'),
  grant: 'code',
} as const;

/** What the samples of all connected states have: every field but the lease. */
const connection = () => ({
  userId: someUser(),
  homeAccountId: `${randomUUID()}.${randomUUID()}`,
  userPrincipalName: "anna.o'müller_partner.example#EXT#@contoso.example",
  generation: randomUUID(),
  connectedAt: new Date('2026-11-19T08:15:30.123Z'),
  lastActivity: new Date('2026-11-20T08:15:30.123Z'),
  nextCheckAt: new Date('2026-11-20T09:00:00Z'),
  history: HISTORY,
  checks: CHECKS,
  tasksPausedUntil: new Date('2026-11-27T09:00:00.321Z'),
  memory: 'a sealed memory',
  notice: {
    id: 'b4a1d0de-5f0f-4c36-9a6a-0d7d7e0f5a11',
    what: 'expiring',
    since: new Date('2026-11-20T08:15:30.123Z'),
    attempts: 2,
    nextTryAt: new Date('2026-11-20T09:30:00.500Z'),
  } as const,
  wokenAt: new Date('2026-11-20T08:16:30.123Z'),
  link: { id: 'a-step', step: 'opened', until: new Date('2026-11-20T08:26:30.123Z') } as const,
});

/** An active account without lease or trouble. */
export const sampleActive = (fields: Partial<Active> = {}): Active => ({
  ...connection(),
  ...TOKENS,
  state: 'active',
  ...fields,
});

export const samplePending = (fields: Partial<Pending> = {}): Pending => ({
  ...connection(),
  state: 'pending',
  ...fields,
});

export const sampleNeedsUser = (fields: Partial<NeedsUser> = {}): NeedsUser => ({
  ...connection(),
  ...TOKENS,
  state: 'needs-user',
  failure: CHALLENGED,
  ...fields,
});

export const sampleTombstone = (fields: Partial<Tombstone> = {}): Tombstone => ({
  state: 'retired',
  userId: someUser(),
  since: new Date('2026-11-20T08:15:30.123Z'),
  nextCheckAt: new Date('2026-11-20T09:00:00Z'),
  ...fields,
});

/** An account that has only what it must have. */
export const samplePlain = (fields: Partial<Active> = {}): Active => {
  const { userId, generation, lastActivity, nextCheckAt } = connection();
  const { expiresOn } = TOKENS;
  return {
    state: 'active',
    userId,
    generation,
    lastActivity,
    nextCheckAt,
    expiresOn,
    history: [],
    ...fields,
  };
};
