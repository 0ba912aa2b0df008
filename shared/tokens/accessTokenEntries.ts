import type { Api } from '../api.ts';
import { isRecord } from '../isRecord.ts';
import {
  defaultScopeOf,
  isOidcScope,
  isTokenOf,
  permissionNamesIn,
  scopesIn,
  scopeToKeep,
} from './scopes.ts';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Entries = { [key: string]: Json };

const OWNER = ['home_account_id', 'client_id', 'realm'] as const;

/**
 * A user's serialized cache as one operation shows it to MSAL: with at most one token for the API, and that one under the
 * API's default scope. Earlier releases asked for single permissions, and kept a token under these alone. Two tokens that
 * match one request would both be lost, because MSAL then deletes them.
 */
export function withOneTokenOf(api: Pick<Api, 'resource' | 'otherResources'>, cache: string): string {
  if (cache === '') return cache;
  const sections = JSON.parse(cache) as Entries;
  const tokens = sections.AccessToken;
  if (!isEntries(tokens)) return cache;
  const own = Object.entries(tokens).filter(([, entry]) => isTokenOf(api, textOf(entry, 'target')));
  const kept = onlyNewest(Object.fromEntries(own), isOfSameOwner);
  const isKnown = ([key, entry]: [string, Json]) =>
    Object.hasOwn(kept, key) && scopesIn(textOf(entry, 'target')).includes(defaultScopeOf(api));
  if (own.every(isKnown)) return cache;
  for (const [key] of own) delete tokens[key];
  for (const [key, entry] of Object.entries(kept)) {
    const target = textOf(entry, 'target');
    const named = scopeToKeep(api, target);
    // MSAL also looks for the scopes in the key.
    tokens[key.replace(target.toLowerCase(), () => named.toLowerCase())] = {
      ...(entry as Entries),
      target: named,
    };
  }
  return JSON.stringify(sections);
}

/**
 * The permissions of the newest token for an API, as the token endpoint named them.
 * @returns undefined if there is no token, or if the token endpoint did not say
 */
export function permissionsOf(
  api: Pick<Api, 'resource' | 'otherResources'>,
  cache: string,
): string[] | undefined {
  const { AccessToken: tokens } = JSON.parse(cache || '{}') as Entries;
  const [newest] = Object.values(isEntries(tokens) ? tokens : {})
    .filter((entry) => isTokenOf(api, textOf(entry, 'target')))
    .sort((a, b) => (isNewer(a, b) ? -1 : 1));
  return newest === undefined ? undefined : permissionNamesIn(textOf(newest, 'target'));
}

/**
 * Drops each access token that has a scope in common with a newer one of the same owner, as MSAL does when it stores a
 * token.
 */
export const withoutOlder = (tokens: Entries): Entries =>
  onlyNewest(tokens, (a, b) => isOfSameOwner(a, b) && haveCommonScope(a, b));

/** @param rivals whether only one of two entries may be kept */
function onlyNewest(entries: Entries, rivals: (a: Json, b: Json) => boolean): Entries {
  const kept = new Map<string, Json>();
  for (const [key, entry] of Object.entries(entries).sort(([, a], [, b]) => (isNewer(a, b) ? -1 : 1))) {
    if (![...kept.values()].some((newer) => rivals(newer, entry))) kept.set(key, entry);
  }
  return Object.fromEntries(Object.entries(entries).filter(([key]) => kept.has(key)));
}

const isOfSameOwner = (a: Json, b: Json): boolean =>
  OWNER.every((field) => textOf(a, field) === textOf(b, field));

/** OpenID Connect's scopes do not count, because every answer may have them. */
function haveCommonScope(a: Json, b: Json): boolean {
  const [one, other] = [a, b].map((entry) =>
    scopesIn(textOf(entry, 'target').toLowerCase()).filter((scope) => !isOidcScope(scope)),
  );
  return one?.some((scope) => other?.includes(scope)) ?? false;
}

/** Compares the time of issue, then of expiry. Other fields decide a tie, so that both writers come to the same result. */
export function isNewer(a: Json, b: Json): boolean {
  for (const field of ['cached_at', 'expires_on'] as const) {
    const difference = Number(fieldOf(a, field)) - Number(fieldOf(b, field));
    if (difference) return difference > 0;
  }
  return rankOf(a) >= rankOf(b);
}

const rankOf = (entry: Json): string => `${fieldOf(entry, 'secret')} ${inOrder(entry)}`;

/** Gives the same text for the same entry, whatever the order of its fields. */
function inOrder(entry: Json): string {
  return JSON.stringify(
    isEntries(entry) ? Object.entries(entry).sort(([a], [b]) => (a < b ? -1 : 1)) : entry,
  );
}

const fieldOf = (entry: Json, field: string): Json => (isEntries(entry) ? (entry[field] ?? 0) : 0);

function textOf(entry: Json, field: string): string {
  const value = fieldOf(entry, field);
  return typeof value === 'string' ? value : '';
}

export const isEntries = (value: Json | undefined): value is Entries => isRecord(value);
