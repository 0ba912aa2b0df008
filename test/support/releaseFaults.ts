import type { LoggedEvent } from './releaseStage.ts';

/** What releases log that are well, and whose users come, go and are refused. */
const ORDINARY: readonly string[] = [
  'account.ended',
  'account.healed',
  'account.linked',
  'account.reconnected',
  'account.seen-first',
  'notice.delivered',
  'request.answered',
  'storage.ready',
  'task.ended',
  'token.used',
  'upstream.refused',
  'user.check-ended',
];
/** Why a release does not use or write a cache: the user has disconnected, or connected anew. */
const ENDED: readonly unknown[] = ['deleted', 'superseded', 'overtaken'];

/** Only the previous release may meet a cache whose key it does not know. */
function isFault({ release, event, code, why, brokenOff, shardsFailed }: LoggedEvent): boolean {
  const mayLackKey = release === 'previous';
  switch (event) {
    case 'sweep.misconfigured':
      return !(mayLackKey && code === 'cache_unknown_key');
    case 'cache.not-read':
    case 'cache.not-written':
      return !(ENDED.includes(why) || (mayLackKey && why === 'unknown-key'));
    case 'sweep.ended':
      return brokenOff !== 0 || shardsFailed !== 0;
    default:
      return !ORDINARY.includes(event);
  }
}

/** The events that must not come while two releases are at work. */
export const faultsOf = (events: readonly LoggedEvent[]): LoggedEvent[] => events.filter(isFault);
