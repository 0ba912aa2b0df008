import type { LoggedEvent } from './releaseStage.ts';

/** What no release logs unless something is lost, damaged or out of reach. */
const FAULTS: readonly string[] = [
  'account.damaged',
  'account.not-recorded',
  'cache.foreign-entry',
  'cooldown.began',
  'cooldowns.not-read',
  'index.repaired',
  'lease.abandoned',
  'request.failed',
  'storage.unreachable',
  'sweep.clock-differs',
  'sweep.not-tidied',
  'sweep.shard-failed',
  'user.failed-unexpectedly',
];
/** Why a release does not use or write a cache: the user has disconnected, or connected anew. */
const ENDED: readonly unknown[] = ['deleted', 'superseded', 'overtaken'];

/** Only the previous release may meet a cache whose key it does not know. */
function isFault({ release, event, code, why, brokenOff, shardsFailed }: LoggedEvent): boolean {
  switch (event) {
    case 'sweep.misconfigured':
      return release === 'present' || code !== 'cache_unknown_key';
    case 'cache.not-read':
    case 'cache.not-written':
      return !ENDED.includes(why) && (release === 'present' || why !== 'unknown-key');
    case 'sweep.ended':
      return brokenOff !== 0 || shardsFailed !== 0;
    default:
      return FAULTS.includes(event);
  }
}

/** The events that must not come while two releases are at work. */
export const faultsOf = (events: readonly LoggedEvent[]): LoggedEvent[] => events.filter(isFault);
