import { InputError, readFields } from './input.ts';

/** How long codes and tokens last, in whole seconds. */
export type Lifetimes = {
  /** Authorization codes. */
  code: number;
  /** Access tokens, for the API and for Graph. */
  accessToken: number;
  /** Access tokens for Graph, if they differ. */
  graphAccessToken?: number;
  idToken: number;
  /** Refresh tokens of the web API, from a code or an exchange. Each new one gets the full lifetime. */
  refreshToken: number;
  /** Refresh tokens of the single-page app, counted from the sign-in: they do not slide. */
  spaRefreshToken: number;
  /** Links of delta queries. How long Graph's are good is not promised. */
  deltaLink: number;
  /**
   * Refresh tokens of an exchange of a page's access token, counted as those of the page: they do not slide. Entra promises no
   * more than 24 hours for what stems from a page, so this is the worst case. Left out: they last like `refreshToken`.
   */
  exchangedRefreshToken?: number;
  /** Tokens of managed identities. */
  managedIdentity: number;
  /** `refresh_in`, as Entra sends it beside long-lived tokens; not sent if left out. */
  refreshIn?: number;
};

const DAY = 24 * 60 * 60;

export const DEFAULT_LIFETIMES: Lifetimes = {
  code: 600,
  accessToken: 3600,
  idToken: 3600,
  refreshToken: 90 * DAY,
  spaRefreshToken: DAY,
  deltaLink: 30 * DAY,
  exchangedRefreshToken: DAY,
  managedIdentity: DAY,
};

const NAMES = [
  'code',
  'accessToken',
  'graphAccessToken',
  'idToken',
  'refreshToken',
  'spaRefreshToken',
  'deltaLink',
  'exchangedRefreshToken',
  'managedIdentity',
  'refreshIn',
] as const;
const OPTIONAL: readonly string[] = ['graphAccessToken', 'exchangedRefreshToken', 'refreshIn'];
const LONGEST = 10 * 365 * DAY;

/**
 * `current` with the changes of `input`; null removes an optional lifetime.
 * @throws InputError that names the field and what is allowed
 */
export function changedLifetimes(current: Lifetimes, input: unknown): Lifetimes {
  const changed = { ...current };
  for (const [name, value] of readFields('lifetimes', input, NAMES)) {
    if (OPTIONAL.includes(name) && (value === null || value === undefined)) {
      delete changed[name];
    } else if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= LONGEST) {
      changed[name] = value;
    } else {
      throw new InputError(`lifetimes: "${name}" must be whole seconds from 1 to ${LONGEST}`);
    }
  }
  return changed;
}
