import { decodeProtectedHeader, type JWK } from 'jose';
import type { MemorySealer, Sealer } from '../../ports.ts';
import { readBase64 } from '../../readBase64.ts';
import type { UserId } from '../../userId.ts';
import { decryptCompact, encryptCompact } from './compactJwe.ts';
import { deriveUserKey, TASK_MEMORY_LABEL, TOKEN_CACHE_LABEL } from './userKey.ts';

/** A 256-bit master key with a name (RFC 7517, `kty` "oct"). Each user's key is derived from it. */
export type CacheKey = { kid: string; secret: Uint8Array };

const VERSION = 1;
/**
 * This suffix follows the master key's name in the `kid` of a cache that is sealed with a user's own key. Earlier releases sealed with the
 * master key itself, and the `kid` was its name alone. To them the longer name is that of a key they do not have.
 */
const OF_USER = '.u';
/** The longest part of an unknown key id that is reported. */
const MAX_KID_LENGTH = 64;
const HEADER_NAMES = ['alg', 'enc', 'kid', 'sub'];

/** What a text is sealed for. Each purpose has keys of its own, so a text that is sealed for one does not open as another. */
type Purpose = {
  /** The beginning of what a user's key is derived with. All have the same length. */
  label: string;
  /** The member of the content that has the text. */
  member: 'msal' | 'tasks';
  /** Whether earlier releases sealed such texts with the master key itself. */
  knewMasterKey: boolean;
};

const TOKEN_CACHE: Purpose = { label: TOKEN_CACHE_LABEL, member: 'msal', knewMasterKey: true };
const TASK_MEMORY: Purpose = { label: TASK_MEMORY_LABEL, member: 'tasks', knewMasterKey: false };

/**
 * Seals caches as compact JWE (RFC 7516) with `dir` and `A256GCM` over `{ v, msal, gen }`. The header's `sub` is the user id,
 * and the key is that user's. So a cache that is copied to another user does not open.
 * @param keys master keys: the first one seals, and each one opens. {@link readCacheKeys} refuses names that could be confused.
 */
export function createSealer(keys: readonly [CacheKey, ...CacheKey[]]): Sealer {
  const { seal, open } = sealTexts(keys, TOKEN_CACHE);
  return {
    seal,
    async open(userId, sealed) {
      const opened = await open(userId, sealed);
      if (!opened.ok) return opened;
      const { text: cache, generation, oldKey } = opened;
      return { ok: true, cache, generation, oldKey };
    },
  };
}

/**
 * Seals what tasks remember as {@link createSealer} seals caches, over `{ v, tasks, gen }` and with other keys from the same
 * master keys. So a memory that is copied to another user, or to the place of a cache, does not open.
 */
export function createMemorySealer(keys: readonly [CacheKey, ...CacheKey[]]): MemorySealer {
  const { seal, open } = sealTexts(keys, TASK_MEMORY);
  return {
    seal,
    async open(userId, sealed) {
      const opened = await open(userId, sealed);
      return opened.ok ? { ok: true, memory: opened.text, generation: opened.generation } : opened;
    },
  };
}

type OpenedText =
  | { ok: true; text: string; generation: string; oldKey: boolean }
  | { ok: false; reason: 'corrupt' | 'newer' }
  | { ok: false; reason: 'unknown-key'; kid: string };

function sealTexts(
  keys: readonly [CacheKey, ...CacheKey[]],
  { label, member, knewMasterKey }: Purpose,
): {
  seal(userId: UserId, text: string, generation: string): Promise<string>;
  open(userId: UserId, sealed: string): Promise<OpenedText>;
} {
  const sealing = keys[0].secret;
  const sealingKid = `${keys[0].kid}${OF_USER}`;
  const keyOf = new Map<string, (userId: UserId) => Uint8Array>(
    keys.flatMap(({ kid, secret }) => [
      ...(knewMasterKey ? [[kid, () => secret] as const] : []),
      [`${kid}${OF_USER}`, (userId: UserId) => deriveUserKey(secret, userId, label)] as const,
    ]),
  );

  return {
    seal: async (userId, text, generation) =>
      encryptCompact(
        { alg: 'dir', enc: 'A256GCM', kid: sealingKid, sub: userId },
        JSON.stringify({ v: VERSION, [member]: text, gen: generation }),
        deriveUserKey(sealing, userId, label),
      ),

    async open(userId, sealed) {
      const header = headerOf(sealed);
      if (header === undefined) return { ok: false, reason: 'corrupt' };
      const key = keyOf.get(header.kid);
      if (key === undefined) return { ok: false, reason: 'unknown-key', kid: masterKidOf(header.kid) };
      if (header.sub !== userId) return { ok: false, reason: 'corrupt' };
      const plaintext = decryptCompact(sealed, header, key(userId));
      if (plaintext === undefined) return { ok: false, reason: 'corrupt' };
      const content = contentOf(plaintext.toString('utf8'), member);
      if (content === undefined) return { ok: false, reason: 'newer' };
      return { ok: true, ...content, oldKey: header.kid !== sealingKid };
    },
  };
}

/** The name of the master key, by which operators look for it in the settings. */
function masterKidOf(kid: string): string {
  return (kid.endsWith(OF_USER) ? kid.slice(0, -OF_USER.length) : kid).slice(0, MAX_KID_LENGTH);
}

type Header = { alg: unknown; enc: unknown; kid: string; sub: string };

/** The header, if it has exactly the four parameters that Stead writes, so neither `zip` nor `crit`. */
function headerOf(sealed: string): Header | undefined {
  try {
    const header = decodeProtectedHeader(sealed);
    const { alg, enc, kid, sub } = header as Record<string, unknown>;
    if (Object.keys(header).sort().join() !== HEADER_NAMES.join()) return undefined;
    return typeof kid === 'string' && typeof sub === 'string' ? { alg, enc, kid, sub } : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined for a content that this version does not know. A later version, which has the same key, wrote it. */
function contentOf(
  plaintext: string,
  member: Purpose['member'],
): { text: string; generation: string } | undefined {
  try {
    const { v, [member]: text, gen = '' } = JSON.parse(plaintext) as Record<string, unknown>;
    if (v !== VERSION || typeof text !== 'string' || typeof gen !== 'string') return undefined;
    return { text, generation: gen };
  } catch {
    return undefined;
  }
}

/**
 * Reads a JWK Set of 256-bit `oct` keys.
 * @throws {TypeError} the text is wrong; the message names every problem and contains no key.
 */
export function readCacheKeys(jwkSet: string): [CacheKey, ...CacheKey[]] {
  let jwks: unknown;
  try {
    jwks = (JSON.parse(jwkSet) as { keys?: unknown } | null)?.keys;
  } catch {
    throw new TypeError('it is not JSON');
  }
  if (!Array.isArray(jwks)) throw new TypeError('it has no "keys" array');
  const problems = jwks.flatMap((jwk: JWK, index) =>
    keyProblems(jwk).map((problem) => `key ${index + 1} ${problem}`),
  );
  const kids = jwks.map((jwk: JWK) => jwk?.kid).filter((kid) => typeof kid === 'string');
  if (new Set(kids).size !== kids.length) problems.push('two of its keys have the same "kid"');
  problems.push(...confusedKids(jwks));
  if (problems.length > 0) throw new TypeError(problems.join('; '));
  const [first, ...rest] = jwks.map(({ kid = '', k = '' }: JWK) => ({
    kid,
    secret: readBase64(k) ?? new Uint8Array(),
  }));
  if (first === undefined) throw new TypeError('its "keys" array is empty');
  return [first, ...rest];
}

/** Finds names that differ by the suffix alone. The longer name would mean two keys: its own, and a user's key of the other. */
function confusedKids(jwks: readonly JWK[]): string[] {
  const kids = jwks.map((jwk) => (typeof jwk?.kid === 'string' ? jwk.kid : undefined));
  return kids.flatMap((kid, index) => {
    const longer = kid === undefined ? -1 : kids.indexOf(`${kid}${OF_USER}`);
    if (longer === -1) return [];
    return [
      `key ${longer + 1} has the "kid" of key ${index + 1} with "${OF_USER}" after it, which is what Stead writes for keys derived from key ${index + 1}: ` +
        'give the newer of the two another "kid" if no cache is sealed with it yet, and otherwise finish the rotation with the previous release first',
    ];
  });
}

function keyProblems(jwk: JWK): string[] {
  if (jwk?.kty !== 'oct' || typeof jwk.k !== 'string') return ['is not of "kty" "oct"'];
  const problems = typeof jwk.kid === 'string' && jwk.kid !== '' ? [] : ['has no "kid"'];
  const secret = readBase64(jwk.k);
  if (secret === undefined) problems.push('has a "k" that is not base64url');
  else if (secret.length !== 32) problems.push(`has ${secret.length * 8} bits and not 256`);
  return problems;
}
