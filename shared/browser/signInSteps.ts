/**
 * What the page tries, one step after another, when the service refuses. Each step is a redirect to the directory that
 * demands more of the person than the step before. After the last step another redirect would only bring the same
 * refusal back, so an administrator has to solve the problem.
 */

export type Step =
  /** The account is given as a hint. The directory may answer from its session, without a question. */
  | 'plain'
  /** With the claims that the refusal asks for. */
  | 'claims'
  /** A new sign-in, even if there is a session. */
  | 'login'
  /** A consent page, even if there is a consent. */
  | 'consent';

/** A refusal that a redirect may repair: its code, and the claims or the permissions that it asks for. */
export type Refused = {
  code: string;
  claims?: string;
  scopes?: readonly string[];
  /** The path of the request that was refused. */
  path?: string;
  /** What only a link asks for, and no redirect of a sign-in. */
  link?: { functions: readonly string[] };
};

/** One redirect to the directory, as the tab remembers it. */
export type Attempt = {
  /** What it should repair, as `reasonOf` writes it. */
  reason: string;
  step: Step;
  /** Epoch milliseconds. */
  at: number;
  /** The code with which the directory refused it; absent if it did not. */
  refusedWith?: string;
  /** The path of the request that was refused. */
  path?: string;
  /** True if that path has answered well since. */
  isRepaired?: boolean;
};

/** How long a redirect counts. A refusal that comes later starts again with the first step. */
const SAME_FOR_MS = 300_000;

const STEPS: Readonly<Record<string, readonly Step[]>> = {
  CONSENT_REQUIRED: ['consent'],
  SIGN_IN_REQUIRED: ['plain', 'login'],
  TOKEN_INVALID: ['plain', 'login'],
  TOKEN_MISSING: ['plain', 'login'],
};

/** How many redirects with claims the page makes if none of them repairs anything, even if each challenge is a different one. */
const MOST_CHALLENGES = 2;
/** How many redirects the page makes for one code, even if each of them repairs something. */
const MOST_REDIRECTS = 5;

/** The code of the refusal, and what it asks for, as one text. */
export function reasonOf({ code, claims, scopes }: Refused): string {
  const asked = claims ?? (scopes && [...scopes].sort().join(' '));
  return asked === undefined ? code : `${code} ${asked}`;
}

/** The attempts that still count. */
export const recentOf = (attempts: readonly Attempt[], now: number): Attempt[] =>
  // The distance is absolute: if the clock is set back, an attempt "of the future" must not block the page for long.
  attempts.filter(({ at }) => Math.abs(now - at) < SAME_FOR_MS);

/** The next step for a refusal of the service; undefined if no further redirect can help, as with one that has a `link`. */
export function nextStep(refusal: Refused, attempts: readonly Attempt[], now: number): Step | undefined {
  const { code, claims, link } = refusal;
  if (link !== undefined) return undefined;
  const tried = recentOf(attempts, now).filter(
    ({ reason }) => reason === code || reason.startsWith(`${code} `),
  );
  const same = tried.filter(({ reason }) => reason === reasonOf(refusal)).length;
  // A refusal that was repaired is over. But if it comes again, the redirect has not helped for long.
  const unrepaired = tried.filter(({ isRepaired }) => !isRepaired).length;
  if (tried.length >= MOST_REDIRECTS) return undefined;
  if (claims === undefined) return (STEPS[code] ?? ['plain'])[Math.max(same, unrepaired)];
  // A directory may ask for one thing after another, so different claims get another redirect. But some challenges
  // contain the time and are different every time, so their number is limited too.
  return same > 0 || unrepaired >= MOST_CHALLENGES ? undefined : 'claims';
}

/**
 * Says that another sign-in would not help: the directory refused the last one with a code that it gave before. `until`
 * (epoch milliseconds) is when the page offers a sign-in again. Undefined if a sign-in may help.
 */
export function refusedAgain(
  attempts: readonly Attempt[],
  now: number,
): { refusedWith: string; until: number } | undefined {
  const recent = recentOf(attempts, now);
  const refusedWith = recent.at(-1)?.refusedWith;
  if (refusedWith === undefined) return undefined;
  const before = recent.filter((attempt) => attempt.refusedWith === refusedWith).at(-2);
  return before && { refusedWith, until: before.at + SAME_FOR_MS };
}
