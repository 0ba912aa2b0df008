/**
 * How far the page goes to mend a refusal with the directory. Each step goes further than the one before, and after
 * the last one a redirect would only bring the same refusal back: then somebody else has to mend it.
 */

export type Step =
  /** The account is hinted at, and single sign-on stays as it is. */
  | 'plain'
  /** With the claims that are asked for. */
  | 'claims'
  /** A new sign-in, whatever session there is. */
  | 'login'
  /** A consent page, whatever was consented to. */
  | 'consent';

/** What the service refused, as far as a sign-in can repair it: its code, and the claims it asks for. */
export type Refused = { code: string; claims?: string };

/** A redirect to the directory, as the tab remembers it. */
export type Attempt = {
  /** What it was to mend: the code of the refusal, and the claims if some were asked for. */
  reason: string;
  step: Step;
  /** Epoch milliseconds. */
  at: number;
  /** What the directory refused it with, if it did. */
  refusedWith?: string;
};

/** A refusal that comes back within this time is the same one. */
const SAME_FOR_MS = 300_000;

const STEPS: Readonly<Record<string, readonly Step[]>> = {
  CONSENT_REQUIRED: ['consent'],
  SIGN_IN_REQUIRED: ['plain', 'login'],
  TOKEN_INVALID: ['plain', 'login'],
  TOKEN_MISSING: ['plain', 'login'],
};

const MOST_CHALLENGES = 2;

/** What a redirect is to mend, in one text. */
export const reasonOf = ({ code, claims }: Refused): string =>
  claims === undefined ? code : `${code} ${claims}`;

export const recentOf = (attempts: readonly Attempt[], now: number): Attempt[] =>
  // A clock that was set back must not keep the page from trying for longer.
  attempts.filter(({ at }) => Math.abs(now - at) < SAME_FOR_MS);

/** The next thing to try for a refusal of the service; undefined when no redirect can help any more. */
export function nextStep(refusal: Refused, attempts: readonly Attempt[], now: number): Step | undefined {
  const tried = recentOf(attempts, now)
    .map(({ reason }) => reason)
    .filter((reason) => reason === refusal.code || reason.startsWith(`${refusal.code} `));
  if (refusal.claims === undefined) return (STEPS[refusal.code] ?? ['plain'])[tried.length];
  // A directory may ask for one thing after another, so other claims get a redirect too. Some challenges hold the time
  // and are never the same: those have to end as well.
  const unmet = tried.includes(reasonOf(refusal)) || tried.length >= MOST_CHALLENGES;
  return unmet ? undefined : 'claims';
}

/** The directory has refused two sign-ins in the same way: until when another one would only be refused again. */
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
