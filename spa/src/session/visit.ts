/** Where this tab remembers since when the person was away. It is gone with the tab, and with a sign-out. */
const KEY = 'stead.visit';
/** A visit goes on for this long: whoever loads the page again, or comes back from the directory, was not away. */
const SAME_VISIT_MS = 1_800_000;

type Visit = {
  homeAccountId: string;
  /** When the person was here before this visit, ISO 8601; absent if they were not. */
  since?: string;
  /** Epoch milliseconds. */
  at: number;
};

/**
 * When the person was here before this visit: ISO 8601, or undefined if they were not.
 * @param lastActivity what the service says, before the page has called it for this visit
 */
export function visitBefore(
  homeAccountId: string,
  lastActivity: string | undefined,
  now: number,
): string | undefined {
  const kept = readVisit();
  const isSame = kept?.homeAccountId === homeAccountId && Math.abs(now - kept.at) < SAME_VISIT_MS;
  const since = isSame ? kept.since : lastActivity;
  beginVisit(homeAccountId, since, now);
  return since;
}

/** @param since when the person was here before; undefined if they were not */
export function beginVisit(homeAccountId: string, since: string | undefined, now: number): void {
  const visit: Visit = { homeAccountId, ...(since !== undefined && { since }), at: now };
  sessionStorage.setItem(KEY, JSON.stringify(visit));
}

export const forgetVisit = (): void => sessionStorage.removeItem(KEY);

function readVisit(): Visit | undefined {
  try {
    return (JSON.parse(sessionStorage.getItem(KEY) ?? 'null') as Visit | null) ?? undefined;
  } catch {
    return undefined;
  }
}
