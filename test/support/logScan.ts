import { ALL_USERS, API_CLIENT_SECRET, DEMO_USERS, IDENTITY_HEADER } from '../../dev/entra/directory.ts';

/** One kind of thing that no log line and no error body may hold. */
type Secret = {
  kind: string;
  pattern: RegExp;
  /** A made-up one of its kind, which the pattern finds: what canaries are made of. */
  example: string;
};

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Any of these texts where it is not a part of a longer word, in upper or lower case. */
const anyOf = (texts: readonly string[]): RegExp =>
  new RegExp(`(?<![\\p{L}\\p{N}])(?:${texts.map(escaped).join('|')})(?![\\p{L}\\p{N}])`, 'iu');

/** Everything that Graph says of the people in the stand-in's directory, save what describes no person. */
const profileValues = ALL_USERS.flatMap(({ displayName, profile: { userType: _, ...profile } }) => [
  displayName,
  ...Object.values(profile).filter((value) => value !== null),
]);
const [ADELE] = DEMO_USERS;

const base64OfJson = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const FAKE_JWT = `${base64OfJson({ alg: 'RS256', typ: 'JWT' })}.${base64OfJson({ sub: 'nobody' })}.c2lnbmF0dXJl`;

export const SECRETS: readonly Secret[] = [
  { kind: 'a JWT or a JWE', pattern: /\beyJ[\w-]{5,}\.[\w-]*\.[\w-]*/, example: FAKE_JWT },
  {
    kind: 'JSON in base64, such as the claims of a challenge or client_info',
    pattern: /\beyJ[\w+/-]{12,}/,
    example: base64OfJson({ access_token: { acrs: { essential: true, value: 'c1' } } }),
  },
  {
    kind: 'a claims challenge',
    pattern: /\b(?:essential|polids|acrs)\\*"\s*:/,
    example: JSON.stringify({ access_token: { acrs: { essential: true, value: 'c1' } } }),
  },
  { kind: 'a bearer token', pattern: /\bBearer\s+[\w.~+/-]{16,}/i, example: 'Bearer an-opaque-access-token' },
  {
    kind: "an opaque refresh token of Entra's form",
    pattern: /\b[01]\.A[\w-]{30,}/,
    example: `0.A${'x'.repeat(40)}`,
  },
  {
    kind: 'a parameter with a token or a secret',
    pattern:
      /\b(?:(?:access|refresh|id)_token|(?:client_)?assertion|client_secret|client_info|secret)\\*["']?\s*[:=]\s*\\*["']?[\w.~+/-]{20,}/i,
    example: 'refresh_token=an-opaque-refresh-token',
  },
  { kind: "the API's client secret", pattern: anyOf([API_CLIENT_SECRET]), example: API_CLIENT_SECRET },
  { kind: 'PEM', pattern: /-----BEGIN [A-Z0-9 ]+-----/, example: '-----BEGIN PRIVATE KEY-----' },
  {
    kind: "the identity endpoint's header",
    pattern: anyOf([IDENTITY_HEADER]),
    example: IDENTITY_HEADER,
  },
  {
    kind: 'a storage account key or signature',
    pattern: /AccountKey=|[A-Za-z0-9+/]{86}==|[?&]sig=[\w%+/-]{20,}/,
    example: `AccountKey=${Buffer.alloc(64, 1).toString('base64')}`,
  },
  {
    kind: 'a UPN or a mail address',
    pattern: /[\w.+#-]+(?:@|%40)[a-z\d-]+(?:\.[a-z\d-]+)*\.[a-z]{2,}\b/i,
    example: ADELE.upn,
  },
  {
    kind: "a person's name or another value of their profile",
    pattern: anyOf(profileValues),
    example: ADELE.displayName,
  },
  {
    kind: "a user's object id or home object id",
    pattern: anyOf(ALL_USERS.flatMap(({ oid, homeOid }) => [oid, homeOid])),
    example: ADELE.oid,
  },
];

/** The kinds of secrets in a line, also where it is percent-encoded. */
export function secretsIn(line: string): string[] {
  const decoded = line.replaceAll(/(?:%[\da-f]{2})+/gi, (bytes) => {
    try {
      return decodeURIComponent(bytes);
    } catch {
      return bytes;
    }
  });
  return SECRETS.filter(({ pattern }) => pattern.test(line) || pattern.test(decoded)).map(({ kind }) => kind);
}

/** A line that was planted, and what must be found in it. */
export type Canary = { line: string; kind: string };

/** One line for each kind of secret. `run` tells this run's canaries from all others. */
export const canariesOf = (run: string): Canary[] =>
  SECRETS.map(({ kind, example }) => ({ kind, line: `log scan canary ${run}: ${example}` }));

export type LogScan = {
  /** Canaries that are not there, or in which nothing was found: the scan cannot be trusted. */
  missed: Canary[];
  /** Without the value: what a scan says must not leak either. `line` counts from 1. */
  findings: { file: string; line: number; kind: string }[];
};

/** Looks for secrets in the lines of logs. A canary is one only as a whole line. */
export function scanLogs(
  logs: readonly { file: string; lines: readonly string[] }[],
  canaries: readonly Canary[],
): LogScan {
  const planted = new Map(canaries.map((canary) => [canary.line, canary]));
  const missed = new Set(canaries);
  const findings: LogScan['findings'] = [];
  for (const { file, lines } of logs) {
    for (const [index, line] of lines.entries()) {
      const kinds = secretsIn(line);
      const canary = planted.get(line);
      if (canary === undefined) findings.push(...kinds.map((kind) => ({ file, line: index + 1, kind })));
      else if (kinds.includes(canary.kind)) missed.delete(canary);
    }
  }
  return { missed: [...missed], findings };
}
