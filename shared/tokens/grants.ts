/**
 * The two grants that may keep a connection, side by side in one user's cache. MSAL has one place for a refresh token of
 * a user and client, so the next exchange would replace the grant of a code.
 *
 * A section of Stead's own in MSAL's JSON has both, by origin. MSAL and earlier releases keep sections that they do not
 * know. MSAL's own place has a copy of the code's, if there is one, also if Entra has told that it ends first: an earlier release then
 * uses it. Whatever that release puts there is taken for an exchange's: only {@link withGrant} can change the grant of a code.
 */
import { CODE_GRANT_LIFE_MS } from '../account/schedule.ts';
import type { Grant } from '../ports.ts';
import { type Entries, isEntries, type Json } from './accessTokenEntries.ts';

/** The name of Stead's section. */
export const GRANTS = 'SteadGrants';

/** When a refresh token was issued, in seconds since 1970, as text like MSAL's own times. */
const ISSUED = 'stead_issued_at';
/** When it ends, if Entra has told it. MSAL's own member for that is not in what MSAL Node serializes. */
const ENDS = 'stead_ends_at';

/** The refresh tokens at one key of MSAL's. */
type Place = { code?: Entries; exchange?: Entries };

/** The cache as MSAL is shown it: with the refresh tokens of one grant alone. */
export function showing(cache: string, grant: Grant): string {
  if (!mayHaveCode(cache)) return cache;
  const sections = parse(cache);
  const shown = [...placesOf(sections)].flatMap(([key, place]) => {
    const entry = place[grant];
    return entry === undefined ? [] : [[key, withoutTimes(entry)] as const];
  });
  return JSON.stringify({ ...sections, RefreshToken: Object.fromEntries(shown) });
}

/** The grants of a cache in the order in which the worker tries them: that of a code first, until its end is past (ADR 0020). */
export function grantsToTry(cache: string, now: Date): [Grant, ...Grant[]] {
  const end = codeEndsAt(cache);
  if (end === undefined) return ['exchange'];
  const hasExchange = [...placesOf(parse(cache)).values()].some(({ exchange }) => exchange !== undefined);
  if (!hasExchange) return ['code'];
  return end > now ? ['code', 'exchange'] : ['exchange', 'code'];
}

/**
 * Puts the refresh tokens that MSAL obtained into the place of their grant. The other grant stays.
 * @param base the stored cache
 * @param changed what MSAL made of the cache that it was shown
 * @param endsAt when they end, if Entra has told it
 */
export function withGrant(base: string, changed: string, grant: Grant, now: Date, endsAt?: Date): string {
  // Most users have not linked, and this is done in each check.
  if (grant === 'exchange' && !mayHaveCode(base)) return changed;
  const before = base === '' ? new Map<string, Place>() : placesOf(parse(base));
  const hasCode = [...before.values()].some(({ code }) => code !== undefined);
  if (grant === 'exchange' && !hasCode) return changed;
  const sections = parse(changed);
  const places = new Map(before);
  for (const [key, entry] of Object.entries(entriesOf(sections.RefreshToken))) {
    const place = before.get(key);
    // What MSAL was shown: without a code, that is the exchange, whichever grant it was to get.
    const known = hasCode ? place?.[grant] : place?.exchange;
    if (!isEntries(entry) || (known !== undefined && secretOf(known) === secretOf(entry))) continue;
    const times = {
      ...(grant === 'code' && { [ISSUED]: secondsOf(now) }),
      ...(endsAt && { [ENDS]: secondsOf(endsAt) }),
    };
    places.set(key, { ...place, [grant]: { ...entry, ...times } });
  }
  return arranged(sections, places);
}

/** The cache without the grant of a code, which Entra has refused. */
export function withoutCode(cache: string): string {
  const sections = parse(cache);
  const places = [...placesOf(sections)].map(
    ([key, { exchange }]) => [key, exchange ? { exchange } : {}] as const,
  );
  return arranged(sections, new Map(places));
}

/** When the grant of a code ends; undefined if the cache has none. */
export const codeEndsAt = (cache: string): Date | undefined => endsIn(cache).code?.endsAt;

/** When a grant ends. `isEndEstimated` if Entra has not told it. */
type End = { endsAt: Date; isEndEstimated: boolean };

/**
 * Which grant keeps a connection, and until when. As long as the code is good, the worker goes by it, and has the other one
 * after it. So its end is then the later one of both, as far as ends are known.
 * @returns without an end if it is that of an exchange and the cache has no other. Its own answer may tell it then.
 */
export function keeperIn(cache: string, now: Date): { grant: Grant } & Partial<End> {
  const { code, exchange } = endsIn(cache);
  if (code === undefined || code.endsAt <= now) return { grant: 'exchange' };
  return { grant: 'code', ...(exchange !== undefined && exchange.endsAt > code.endsAt ? exchange : code) };
}

/** The end of each grant of a cache with both. Of an exchange it is known only if Entra has told it. */
function endsIn(cache: string): Partial<Record<Grant, End>> {
  if (!mayHaveCode(cache)) return {};
  const places = [...placesOf(parse(cache)).values()];
  const codes = places.flatMap(({ code }): Entries[] => (code ? [code] : []));
  const exchanges = places.flatMap(({ exchange }): Entries[] => (exchange ? [exchange] : []));
  const code = latestOf(
    codes.map((entry) => {
      const issued = Number(entry[ISSUED]) * 1_000 + CODE_GRANT_LIFE_MS;
      // An entry without a time stems from nobody's release. It is used, and counts as ended.
      return toldEndOf(entry) ?? { endsAt: new Date(issued > 0 ? issued : 0), isEndEstimated: true };
    }),
  );
  const exchange = latestOf(exchanges.flatMap((entry) => toldEndOf(entry) ?? []));
  return { ...(code && { code }), ...(exchange && { exchange }) };
}

function toldEndOf({ [ENDS]: told }: Entries): End | undefined {
  const endsAt = new Date(Number(told) * 1_000);
  return endsAt.getTime() > 0 ? { endsAt, isEndEstimated: false } : undefined;
}

const latestOf = (ends: readonly End[]): End | undefined =>
  ends.reduce<End | undefined>(
    (latest, end) => (latest && latest.endsAt >= end.endsAt ? latest : end),
    undefined,
  );

/** False if a cache has no grant of a code. It is not parsed for that. */
const mayHaveCode = (cache: string): boolean => cache.includes(`"${GRANTS}"`);

/** True if a cache may have the grant of a code. */
export const hasGrants = (sections: Entries): boolean => sections[GRANTS] !== undefined;

/** The sections with every refresh token in Stead's section, by its grant, so that each grant is merged for itself. */
export function apart(sections: Entries): Entries {
  const grants: Entries = {};
  for (const [key, { code, exchange }] of placesOf(sections)) {
    if (code !== undefined) grants[`code|${key}`] = code;
    if (exchange !== undefined) grants[`exchange|${key}`] = exchange;
  }
  const { RefreshToken: _, ...others } = sections;
  return { ...others, [GRANTS]: grants };
}

/** What {@link apart} took apart, as it is stored. */
export const together = (sections: Entries): Entries => withPlaces(sections, placesOf(sections));

/** Reads both grants of a cache, whichever release wrote it. */
function placesOf(sections: Entries): Map<string, Place> {
  const [slots, grants] = [entriesOf(sections.RefreshToken), ownGrants(sections)];
  const keys = new Set([
    ...Object.keys(slots),
    ...Object.keys(grants).map((name) => name.slice(name.indexOf('|') + 1)),
  ]);
  return new Map(
    [...keys].map((key) => [key, placeOf(slots[key], grants[`code|${key}`], grants[`exchange|${key}`])]),
  );
}

const MSALS_SECTIONS = ['Account', 'IdToken', 'AccessToken', 'RefreshToken'];

/**
 * Stead's section without the grants of a former home account id. An earlier release removes what it knows of such an id, and
 * leaves this section. MSAL finds none of these grants under the user's id, so they would only stand in the way.
 */
function ownGrants(sections: Entries): Entries {
  const grants = entriesOf(sections[GRANTS]);
  const homes = new Set(
    MSALS_SECTIONS.flatMap((name) => Object.values(entriesOf(sections[name])).map(homeOf)),
  );
  homes.delete(undefined);
  if (homes.size === 0) return grants;
  return Object.fromEntries(
    Object.entries(grants).filter(([, entry]) => homeOf(entry) === undefined || homes.has(homeOf(entry))),
  );
}

const homeOf = (entry: Json | undefined): Json | undefined =>
  isEntries(entry) ? entry.home_account_id : undefined;

function placeOf(slot: Json | undefined, code: Json | undefined, kept: Json | undefined): Place {
  const stored = { ...(isEntries(code) && { code }), ...(isEntries(kept) && { exchange: kept }) };
  if (!isEntries(slot)) return stored;
  if (stored.code === undefined) return { exchange: slot };
  // Anything else in MSAL's place was put there by an earlier release.
  return secretOf(slot) === secretOf(stored.code) ? stored : { ...stored, exchange: slot };
}

const arranged = (sections: Entries, places: Map<string, Place>): string =>
  JSON.stringify(withPlaces(sections, places));

function withPlaces(sections: Entries, places: Map<string, Place>): Entries {
  const slots: Entries = {};
  const grants: Entries = {};
  for (const [key, { code, exchange }] of places) {
    const slot = code ?? exchange;
    if (slot !== undefined) slots[key] = withoutTimes(slot);
    if (code === undefined) continue;
    grants[`code|${key}`] = code;
    if (exchange !== undefined) grants[`exchange|${key}`] = exchange;
  }
  const { [GRANTS]: _, ...others } = sections;
  return { ...others, RefreshToken: slots, ...(Object.keys(grants).length > 0 && { [GRANTS]: grants }) };
}

const secretOf = (entry: Entries): Json | undefined => entry.secret;
const entriesOf = (value: Json | undefined): Entries => (isEntries(value) ? value : {});
const parse = (cache: string): Entries => entriesOf(JSON.parse(cache) as Json);

function withoutTimes({ [ISSUED]: _, [ENDS]: __, ...entry }: Entries): Entries {
  return entry;
}

const secondsOf = (time: Date): string => String(Math.floor(time.getTime() / 1_000));
