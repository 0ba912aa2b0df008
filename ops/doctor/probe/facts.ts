/**
 * What the answers show, without anything that is secret or personal. Nothing of an answer gets into the table but what is
 * picked here: names of members, scopes and codes, times, and whether something is there.
 */
import { readObject } from '../../cli/readObject.ts';
import type { TokenAnswer } from './askToken.ts';
import type { Seen } from './runProbe.ts';

/** What Stead expects is in its failure table, its merge of caches and its stand-in. `either` works, whatever it is. */
type Fact = { what: string; expected: string; seen: string };

export function tableOf(seen: Seen): string[] {
  const rows = factsOf(seen).map(({ what, expected, seen }) => `| ${what} | ${expected} | ${seen} |`);
  return ['| what | expected | seen |', '|---|---|---|', ...rows];
}

function factsOf(seen: Seen): Fact[] {
  const { redeemed, pageRefreshed, exchanged, exchangedNamed, refreshed, unconsented, damaged, link } = seen;
  const { header, claims } = tokenIn(redeemed);
  const fact = (what: string, expected: string, of: string): Fact => ({ what, expected, seen: of });
  return [
    fact('sign-in: `scope` of the answer', 'the granted scopes', scopeOf(redeemed)),
    fact('sign-in: members of the answer', 'with `client_info`', membersOf(redeemed)),
    fact('access token: `ver`', '2.0', textOf(claims.ver)),
    fact('access token: `aud`', 'a client id', kindOfAudience(claims.aud)),
    fact('access token: `typ` of its header', 'either', textOf(header.typ)),
    fact('access token: `idtyp`', 'absent, or `user`', textOf(claims.idtyp)),
    fact('access token: `xms_cc`', 'absent, or a list', presenceOf(claims.xms_cc)),
    fact('access token: its `iat` before the answer', 'some minutes', agoOf(claims.iat, redeemed.at)),
    fact('access token: `expires_in`', '60 to 90 min', durationOf(redeemed.json.expires_in)),
    fact(
      "page's refresh token: `refresh_token_expires_in`",
      '24 h',
      durationOf(redeemed.json.refresh_token_expires_in),
    ),
    fact(
      'the same after a refresh',
      '24 h from the sign-in',
      durationOf(pageRefreshed.json.refresh_token_expires_in),
    ),
    fact('page: a refresh gives another refresh token', 'yes', isNewToken(redeemed, pageRefreshed)),
    fact('exchanges refused before the consent was seen', '0, or some', String(seen.refusedBefore)),
    fact('exchange for `.default`: members of the answer', 'either', membersOf(exchanged)),
    fact('exchange: `id_token`', 'either', presenceOf(exchanged.json.id_token)),
    fact('exchange: `client_info`', 'there', presenceOf(exchanged.json.client_info)),
    fact('exchange for `.default`: `scope`', 'the granted scopes', scopeOf(exchanged)),
    fact('exchange for `.default`: `.default` in it', 'either', yesNo(hasDefault(exchanged))),
    fact('exchange for `User.Read`: `scope`', 'all granted scopes', scopeOf(exchangedNamed)),
    fact('exchange: `expires_in`', '60 to 90 min', durationOf(exchanged.json.expires_in)),
    fact('exchange: `ext_expires_in`', 'as `expires_in`', durationOf(exchanged.json.ext_expires_in)),
    fact('exchange: `refresh_in`', 'only for long-lived tokens', durationOf(exchanged.json.refresh_in)),
    fact(
      'exchange: `refresh_token_expires_in`',
      'either',
      durationOf(exchanged.json.refresh_token_expires_in),
    ),
    fact('refresh: status', '200', String(refreshed.status)),
    fact('refresh: another refresh token', 'yes', isNewToken(exchanged, refreshed)),
    fact(
      'refresh: `refresh_token_expires_in`',
      'either',
      durationOf(refreshed.json.refresh_token_expires_in),
    ),
    fact('refresh: `id_token`', 'there', presenceOf(refreshed.json.id_token)),
    fact('refresh: `scope`', 'the granted scopes', scopeOf(refreshed)),
    fact('no consent (65001): the refusal', '`invalid_grant`, `consent_required`', refusedAs(unconsented)),
    fact('no consent: members of the answer', 'without `claims`', membersOf(unconsented)),
    fact('damaged refresh token: the refusal', '`invalid_grant`', refusedAs(damaged)),
    fact('damaged refresh token: members of the answer', 'either', membersOf(damaged)),
    fact('link: members of the answer', 'either', ofLink(link && membersOf(link.redeemed))),
    fact('link: `scope`', 'all granted scopes', ofLink(link && scopeOf(link.redeemed))),
    fact(
      'link: `refresh_token_expires_in`',
      'absent, or 90 d',
      ofLink(link && durationOf(link.redeemed.json.refresh_token_expires_in)),
    ),
    fact('link, refreshed for `.default`: status', '200', ofLink(link && String(link.refreshed.status))),
    fact('link: another refresh token', 'yes', ofLink(link && isNewToken(link.redeemed, link.refreshed))),
    fact(
      'link, refreshed: `refresh_token_expires_in`',
      'absent, or 90 d',
      ofLink(link && durationOf(link.refreshed.json.refresh_token_expires_in)),
    ),
  ];
}

const ABSENT = 'absent';
const ofLink = (seen: string | undefined): string => seen ?? 'not asked for: `--link-redirect-uri`';
const GUID = /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/gi;
/** A code, the name of a member, or a scope. */
const WORD = /^[\w.:/<>-]{1,120}$/;

/** Text that is surely no token, no id and no name; otherwise only that it is there. */
function wordOf(value: unknown): string {
  const text = String(value).replaceAll(GUID, '<id>');
  return WORD.test(text) ? `\`${text}\`` : 'there';
}

const textOf = (value: unknown): string => (value === undefined ? ABSENT : wordOf(value));
const yesNo = (holds: boolean): string => (holds ? 'yes' : 'no');
const presenceOf = (value: unknown): string => (value === undefined ? ABSENT : 'there');

const membersOf = ({ json }: TokenAnswer): string => Object.keys(json).sort().map(wordOf).join(' ');

const scopesIn = ({ json }: TokenAnswer): string[] | undefined =>
  typeof json.scope === 'string' ? json.scope.split(' ').filter((one) => one !== '') : undefined;

const scopeOf = (answer: TokenAnswer): string =>
  answer.status === 200 ? (scopesIn(answer)?.map(wordOf).join(' ') ?? ABSENT) : refusedAs(answer);

const hasDefault = (answer: TokenAnswer): boolean =>
  scopesIn(answer)?.some((one) => one.endsWith('.default')) ?? false;

export function durationOf(value: unknown): string {
  const seconds = Number(value);
  if (value === undefined || Number.isNaN(seconds))
    return value === undefined ? ABSENT : 'there, and no number';
  if (seconds < 7_200) return `${(seconds / 60).toFixed(1)} min`;
  return seconds < 72 * 3_600 ? `${(seconds / 3_600).toFixed(1)} h` : `${(seconds / 86_400).toFixed(1)} d`;
}

/** The answer itself may take some seconds. */
function agoOf(iat: unknown, at: Date): string {
  const seconds = Math.round(at.getTime() / 1_000 - Number(iat));
  if (Number.isNaN(seconds)) return ABSENT;
  return Math.abs(seconds) < 10 ? 'less than 10 s' : `${seconds} s`;
}

const kindOfAudience = (aud: unknown): string => {
  if (typeof aud !== 'string') return ABSENT;
  return aud.startsWith('api://')
    ? 'an App ID URI'
    : aud.replaceAll(GUID, '') === ''
      ? 'a client id'
      : 'another text';
};

function isNewToken(before: TokenAnswer, after: TokenAnswer): string {
  if (after.status !== 200) return refusedAs(after);
  const { refresh_token: now } = after.json;
  return now === undefined ? 'none was sent' : yesNo(now !== before.json.refresh_token);
}

function refusedAs({ status, json }: TokenAnswer): string {
  if (status === 200) return 'not refused: somebody has consented, so give another one with `--unconsented`';
  const codes = Array.isArray(json.error_codes) ? json.error_codes : [];
  return [
    `${status}`,
    textOf(json.error),
    `suberror ${textOf(json.suberror)}`,
    `error_codes ${codes.map(wordOf).join(' ') || ABSENT}`,
  ].join(', ');
}

/** The parts of the API's own access token. Graph's are nobody's business but Graph's. */
function tokenIn({ json }: TokenAnswer): {
  header: Record<string, unknown>;
  claims: Record<string, unknown>;
} {
  const [header, claims] = String(json.access_token)
    .split('.')
    .map((part) => readObject(Buffer.from(part, 'base64url').toString()));
  return { header: header ?? {}, claims: claims ?? {} };
}
