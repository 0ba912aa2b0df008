import type { Services } from '../ports.ts';
import type { NoticeKind } from './account.ts';
import type { Telling } from './notice.ts';

/** What a change of an account needs to tell of itself; undefined if nobody listens. */
export function tellingOf({ notices, clock }: Pick<Services, 'notices' | 'clock'>): Telling | undefined {
  const kinds: NoticeKind[] = [
    ...(notices.onNeedsUser ? (['needs-user'] as const) : []),
    ...(notices.onExpiring ? (['expiring'] as const) : []),
    ...(notices.onRecovered ? (['recovered'] as const) : []),
  ];
  return kinds.length === 0 ? undefined : { id: clock.newId(), kinds };
}
