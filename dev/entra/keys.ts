/**
 * Two kinds of keys: RS256 pairs, whose public halves are published and which sign what others verify, and one
 * secret that signs what only this server reads (codes, refresh tokens, sessions), so that a rotation does not end
 * those.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  type CryptoKey,
  calculateJwkThumbprint,
  createLocalJWKSet,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
  type JWTPayload,
  jwtVerify,
  SignJWT,
} from 'jose';

/** What only this server reads. The signature covers the type, so a code cannot be used as a session. */
export type SealedType = 'code+jwt' | 'refresh+jwt' | 'session+jwt' | 'page+jwt' | 'delta+jwt';

export type Keys = {
  /** Public keys of every pair, the signing one first (RFC 7517 §5). */
  published(): JWK[];
  /** The public keys of one application, or the common keys if it has none of its own. */
  publishedFor(application: string): JWK[];
  /** With the key of the application that the token is for, if it has one. */
  sign(claims: JWTPayload, lifetime: number): Promise<string>;
  /**
   * Verifies with the common keys only. As at Entra, a token that an application's own key has signed is not accepted.
   * @throws JOSEError as `jwtVerify` does
   */
  verify(token: string, audience: string): Promise<JWTPayload>;
  seal(type: SealedType, claims: JWTPayload, lifetime: number): Promise<string>;
  /** @throws JOSEError as `jwtVerify` does */
  open(type: SealedType, token: string): Promise<JWTPayload>;
  /** Makes a new pair that signs from now on; the others stay published. Returns its `kid`. */
  rotate(): Promise<string>;
  remove(kid: string): Promise<'removed' | 'unknown' | 'signing'>;
  /** Gives an application a signing key of its own until it is removed or the server ends. Returns its `kid`. */
  customize(application: string): Promise<string>;
  uncustomize(application: string): void;
};

/** `sealing`: 32 bytes, base64url. */
type KeyFile = { signing: JWK[]; sealing: string };
type Pair = { kid: string; privateJwk: JWK; privateKey: CryptoKey };

async function newPair(): Promise<Pair> {
  const { privateKey } = await generateKeyPair('RS256', { modulusLength: 2048, extractable: true });
  return pairOf(await exportJWK(privateKey));
}

async function pairOf(privateJwk: JWK): Promise<Pair> {
  const privateKey = (await importJWK(privateJwk, 'RS256')) as CryptoKey;
  return { kid: await calculateJwkThumbprint(privateJwk), privateJwk, privateKey };
}

async function readKeyFile(path: string): Promise<{ pairs: Pair[]; sealing: string } | undefined> {
  const text = await readKept(path);
  if (text === undefined) return undefined;
  try {
    const { signing, sealing } = JSON.parse(text) as KeyFile;
    const pairs = await Promise.all(signing.map(pairOf));
    if (pairs.some((pair) => pair.privateKey.type !== 'private')) throw new Error('a private key is missing');
    if (pairs.length === 0 || Buffer.from(sealing, 'base64url').length !== 32)
      throw new Error('keys are missing');
    return { pairs, sealing };
  } catch (cause) {
    throw new Error(`${path} is not a key file of this server: remove it to start with new keys`, { cause });
  }
}

const publicHalf = ({ kid, privateJwk: { kty, n, e } }: Pair): JWK => ({ kty, use: 'sig', kid, n, e }) as JWK;

/**
 * @param path the file that keeps the keys between runs (mode 0600); only in memory if left out
 * @throws Error if the file is there and is not a key file
 */
export async function openKeys(path?: string): Promise<Keys> {
  const kept = path === undefined ? undefined : await readKeyFile(path);
  let pairs = kept?.pairs ?? [await newPair()];
  const custom = new Map<string, Pair>();
  let keySet = createLocalJWKSet({ keys: pairs.map(publicHalf) });
  const sealing = kept?.sealing ?? randomBytes(32).toString('base64url');
  const sealingKey = Buffer.from(sealing, 'base64url');

  async function save(): Promise<void> {
    if (path === undefined) return;
    const content: KeyFile = { signing: pairs.map((pair) => pair.privateJwk), sealing };
    await keepFile(path, content);
  }
  async function replace(next: Pair[]): Promise<void> {
    pairs = next;
    keySet = createLocalJWKSet({ keys: pairs.map(publicHalf) });
    await save();
  }
  if (!kept) await save();

  const timed = (claims: JWTPayload, lifetime: number) => {
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({ ...claims, iat: now, nbf: now, exp: now + lifetime });
  };

  return {
    published: () => pairs.map(publicHalf),
    publishedFor: (application) => {
      const own = custom.get(application);
      return (own === undefined ? pairs : [own]).map(publicHalf);
    },
    sign: async (claims, lifetime) => {
      const signing = custom.get(String(claims.aud)) ?? pairs[0];
      if (!signing) throw new Error('no key signs');
      const header = { typ: 'JWT', alg: 'RS256', kid: signing.kid };
      return timed(claims, lifetime).setProtectedHeader(header).sign(signing.privateKey);
    },
    verify: async (token, audience) =>
      (await jwtVerify(token, keySet, { audience, algorithms: ['RS256'] })).payload,
    seal: (typ, claims, lifetime) =>
      timed(claims, lifetime).setProtectedHeader({ typ, alg: 'HS256' }).sign(sealingKey),
    open: async (typ, token) => (await jwtVerify(token, sealingKey, { typ, algorithms: ['HS256'] })).payload,
    rotate: async () => {
      const pair = await newPair();
      await replace([pair, ...pairs]);
      return pair.kid;
    },
    remove: async (kid) => {
      if (kid === pairs[0]?.kid) return 'signing';
      if (!pairs.some((pair) => pair.kid === kid)) return 'unknown';
      await replace(pairs.filter((pair) => pair.kid !== kid));
      return 'removed';
    },
    customize: async (application) => {
      const pair = await newPair();
      custom.set(application, pair);
      return pair.kid;
    },
    uncustomize: (application) => {
      custom.delete(application);
    },
  };
}

/** Reads a small file that keeps data between runs. Only its owner can read it. Undefined if there is none. */
export async function readKept(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

export async function keepFile(path: string, content: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  // The file is written under another name and then renamed, so that nobody ever reads half a file.
  const draft = `${path}.${randomUUID()}.tmp`;
  await writeFile(draft, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  await rename(draft, path);
}
