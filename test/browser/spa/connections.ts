/** Background connections as the service describes them, for a page that only shows them. */
import type { Connection, ConnectionChecks, ConnectionEvent, ConnectionTask } from '../../../shared/wire.ts';

const ago = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString();
const ahead = (minutes: number): string => ago(-minutes);

/** Each outcome and each kind of failure, once; oldest first, as the service sends them. */
const everyEvent = (): ConnectionEvent[] => [
  { at: ago(3_000), outcome: 'from-cache', source: 'cache' },
  { at: ago(2_880), outcome: 'failed', kind: 'misconfigured', code: 'AADSTS7000222' },
  { at: ago(1_500), outcome: 'failed', kind: 'tenant', code: 'AADSTS700016' },
  { at: ago(1_440), outcome: 'failed', kind: 'cache-lost', code: 'no_tokens_found' },
  { at: ago(300), outcome: 'failed', kind: 'throttled', code: 'AADSTS90055' },
  { at: ago(240), outcome: 'failed', kind: 'transient', code: 'network_error' },
  { at: ago(120), outcome: 'failed', kind: 'needs-user', code: 'AADSTS50076' },
  { at: ago(60), outcome: 'failed', kind: 'consent', code: 'AADSTS65001' },
  { at: ago(20), outcome: 'task-failed', task: 'count-unread-messages-of-every-folder', code: 'GRAPH_503' },
  { at: ago(6), outcome: 'refreshed', source: 'network' },
  { at: ago(5), outcome: 'task-done', task: 'read-profile' },
];

const LACKS_PERMISSION = { kind: 'consent', code: 'AADSTS65001' } as const;

const task = (name: string, minutes: number, more: Partial<ConnectionTask> = {}): ConnectionTask => ({
  task: name,
  outcome: 'done',
  last: ago(minutes),
  times: 1,
  ...more,
});
const checks = (
  [from, to]: [from: number, to: number],
  more: Partial<ConnectionChecks> = {},
): ConnectionChecks => ({
  first: ago(from),
  last: ago(to),
  times: from === to ? 1 : 12,
  outcome: 'refreshed',
  source: 'network',
  tasks: [],
  ...more,
});
const failedChecks = (from: number, to: number, kind: ConnectionChecks['kind'], code: string) => {
  const { source: _, ...failed } = checks([from, to], { outcome: 'failed', ...(kind && { kind }), code });
  return failed;
};

/** A weekend: what was found, an outage that passed, and what was quiet; oldest first. */
const weekend = (): ConnectionChecks[] => [
  checks([4_400, 4_400], { tasks: [task('read-profile', 4_399)] }),
  checks([3_900, 2_900], {
    tasks: [
      task('drive-changes', 2_899, { count: 2, times: 12, summary: '2 new or changed files' }),
      task('inbox-digest', 2_899, { count: 11, times: 12, summary: '3 new messages, 1 unread' }),
    ],
  }),
  failedChecks(2_860, 2_845, 'transient', 'network_error'),
  checks([2_830, 1_500], {
    tasks: [task('drive-changes', 1_499, { count: 0, times: 12 }), task('inbox-digest', 1_499, { count: 0 })],
  }),
  checks([90, 90], {
    tasks: [
      task('drive-changes', 89, { count: 1, summary: '1 new or changed file' }),
      task('inbox-digest', 89, { count: 1, summary: '1 new message, 1 unread' }),
      task('birthdays', 89, { title: 'Geburtstage', summary: 'Bruno has his birthday today.' }),
    ],
  }),
  checks([6, 6], { outcome: 'from-cache', source: 'cache' }),
];

/** A connection that a link would keep for so many days. */
export const linkable = (connection: Connection, days = 90): Connection => ({
  ...connection,
  canLink: true,
  linkUntil: ahead(days * 1_440 + 1),
});

export const connections = {
  weekend: (): Connection => ({
    state: 'active',
    lastActivity: ago(4_000),
    lastRefreshed: ago(90),
    expiresOn: ahead(54),
    nextCheckAt: ahead(35),
    permissions: { graph: ['User.Read', 'Files.Read', 'Mail.ReadBasic', 'Team.Create'] },
    history: everyEvent(),
    checks: weekend(),
  }),
  linked: (): Connection => ({
    ...connections.weekend(),
    staysConnected: { until: ahead(90 * 1_440) },
  }),
  waiting: (): Connection => ({
    ...connections.weekend(),
    failure: { kind: 'transient', code: 'network_error', at: ago(40) },
    checks: [...weekend().slice(0, -1), failedChecks(40, 10, 'transient', 'network_error')],
  }),
  throttled: (): Connection => ({
    ...connections.weekend(),
    failure: { kind: 'throttled', code: 'AADSTS90055', at: ago(40) },
  }),
  blocked: (kind: 'tenant' | 'misconfigured'): Connection => ({
    ...connections.weekend(),
    failure: { kind, code: 'AADSTS700016', at: ago(40) },
    checks: [...weekend(), failedChecks(40, 10, kind, 'AADSTS700016')],
  }),
  /** @param why of a task that failed; else it lacks a permission */
  partly: (why: Pick<ConnectionTask, 'kind' | 'code'> = LACKS_PERMISSION): Connection => ({
    ...connections.weekend(),
    checks: [
      ...weekend(),
      checks([4, 4], {
        tasks: [task('inbox-digest', 3, { outcome: 'failed', ...why })],
      }),
    ],
  }),
  /** One task lacks a permission, and the API of another did not answer. */
  partlyInTwoWays: (): Connection => ({
    ...connections.weekend(),
    checks: [
      ...weekend(),
      checks([4, 4], {
        tasks: [
          task('inbox-digest', 3, { outcome: 'failed', ...LACKS_PERMISSION }),
          task('drive-changes', 3, { outcome: 'failed', code: 'GraphRefused:503' }),
        ],
      }),
    ],
  }),
  withoutMailbox: (): Connection => ({
    ...connections.weekend(),
    checks: [
      ...weekend(),
      checks([4, 4], { tasks: [task('inbox-digest', 3, { outcome: 'failed', code: 'NoMailbox:404' })] }),
    ],
  }),
  active: (): Connection => ({
    state: 'active',
    lastActivity: ago(60),
    lastRefreshed: ago(6),
    expiresOn: ahead(54),
    nextCheckAt: ahead(35),
    history: everyEvent(),
  }),
  seen: (): Connection => ({
    state: 'active',
    expiresOn: ahead(60),
    nextCheckAt: ahead(1),
    history: [],
  }),
  pending: (): Connection => ({
    state: 'pending',
    nextCheckAt: ahead(1),
    history: [],
  }),
  needsUser: (): Connection => ({
    state: 'needs-user',
    lastActivity: ago(4_000),
    failure: { kind: 'needs-user', code: 'AADSTS50076', at: ago(3_060) },
    history: [
      { at: ago(3_090), outcome: 'refreshed', source: 'network' },
      { at: ago(3_090), outcome: 'task-done', task: 'read-profile' },
      { at: ago(3_060), outcome: 'failed', kind: 'needs-user', code: 'AADSTS50076' },
    ],
  }),
  /** The person is needed during a pause, and an operator has ordered a check all the same. */
  needsUserPaused: (): Connection => ({
    ...connections.needsUser(),
    nextCheckAt: ago(1),
    tasksPausedUntil: ahead(1_440),
  }),
  consentMissing: (): Connection => ({
    state: 'needs-user',
    lastActivity: ago(4_000),
    permissions: { graph: ['User.Read'] },
    failure: { kind: 'consent', code: 'AADSTS65001', at: ago(3_060) },
    history: [{ at: ago(3_060), outcome: 'failed', kind: 'consent', code: 'AADSTS65001' }],
  }),
  disconnected: (): Connection => ({ state: 'disconnected', lastActivity: ago(3_000), history: [] }),
  paused: (): Connection => ({
    state: 'active',
    lastActivity: ago(60),
    lastRefreshed: ago(6),
    nextCheckAt: ahead(35),
    tasksPausedUntil: ahead(1_440),
    permissions: { graph: ['User.Read'] },
    history: [{ at: ago(6), outcome: 'refreshed', source: 'network' }],
  }),
  notConnected: (): Connection => ({ state: 'not-connected', history: [] }),
  none: (): Connection => ({ state: 'none', history: [] }),
} as const;
