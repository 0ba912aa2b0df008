import type { RequestLimits } from '../../shared/tokens/requestLimits.ts';

const bottomless = { take: () => undefined };

/** For attacks, drills and storms, in which a user does in seconds what others do in weeks. */
export const UNLIMITED: RequestLimits = { exchanges: bottomless, changes: bottomless };
