/** Background connections as the service describes them, for a page that only shows them. */
import type { Connection, ConnectionEvent } from '../../../shared/wire.ts';

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

export const connections = {
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
    lastActivity: ago(0),
    expiresOn: ahead(60),
    nextCheckAt: ahead(1),
    history: [],
  }),
  pending: (): Connection => ({
    state: 'pending',
    lastActivity: ago(0),
    nextCheckAt: ahead(1),
    history: [],
  }),
  needsUser: (): Connection => ({
    state: 'needs-user',
    lastActivity: ago(90),
    failure: { kind: 'needs-user', code: 'AADSTS50076', at: ago(10) },
    history: [
      { at: ago(40), outcome: 'refreshed', source: 'network' },
      { at: ago(40), outcome: 'task-done', task: 'read-profile' },
      { at: ago(10), outcome: 'failed', kind: 'needs-user', code: 'AADSTS50076' },
    ],
  }),
  consentMissing: (): Connection => ({
    state: 'needs-user',
    lastActivity: ago(90),
    failure: { kind: 'consent', code: 'AADSTS65001', at: ago(10) },
    history: [{ at: ago(10), outcome: 'failed', kind: 'consent', code: 'AADSTS65001' }],
  }),
  disconnected: (): Connection => ({ state: 'disconnected', lastActivity: ago(3), history: [] }),
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
} as const satisfies Record<string, () => Connection>;
