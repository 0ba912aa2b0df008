import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { calculateJwkThumbprint, type JWK } from 'jose';
import { API_CLIENT_ID, DEMO_USERS, SPA_CLIENT_ID } from '../../dev/entra/directory.ts';
import { type Content, compact, type Json, rsa, type Signer } from './jws.ts';

/** A key pair; `kid` is its thumbprint (RFC 7638), as the stand-in names its keys. */
export type Key = { kid: string; privateKey: KeyObject; publicKey: KeyObject; publicJwk: JWK };

/** Everything a forger could have, and the one thing that he could not: the authority's private keys. */
export type Forge = {
  /** Origin of the authority. */
  origin: string;
  /** The authority's key that signs now, and one that it only still publishes. */
  authorityKey: Key;
  formerKey: Key;
  /** Nobody publishes it. */
  ownKey: Key;
  /** Where the forger publishes his key; `visits` tells how often somebody asked there. */
  url: string;
  visits(): number;
  /** Adele's claims as Entra puts them into an access token; undefined leaves a claim out. */
  claims(different?: Json): Json;
  /** The same in Entra's older form, as of `sts.windows.net`. */
  claimsV1(different?: Json): Json;
  /** A token as the authority signs it, whatever it says. */
  signed(payload: Content, header?: Json): string;
  header(different?: Json): Json;
  close(): void;
};

const ADELE = DEMO_USERS[0];

export const now = (): number => Math.floor(Date.now() / 1_000);

/** @param keyFile of the stand-in: written by it when it started, two key pairs or more. */
export async function openForge(origin: string, keyFile: string): Promise<Forge> {
  const { signing } = JSON.parse(await readFile(keyFile, 'utf8')) as { signing: JWK[] };
  const keys = signing.map((jwk) => keyOf(createPrivateKey({ key: jwk, format: 'jwk' })));
  const [authorityKey, formerKey] = await Promise.all(keys);
  if (authorityKey === undefined || formerKey === undefined)
    throw new Error('the authority has one key only');
  const ownKey = await keyOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);

  let visits = 0;
  const server = createServer((_request, response) => {
    visits += 1;
    const keys = [ownKey, authorityKey].map(({ kid }) => ({ ...ownKey.publicJwk, kid, use: 'sig' }));
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  const times = () => ({ iat: now(), nbf: now(), exp: now() + 3_600 });
  const header = (different: Json = {}): Json => ({
    typ: 'JWT',
    alg: 'RS256',
    kid: authorityKey.kid,
    ...different,
  });
  const authoritySigns: Signer = rsa(authorityKey.privateKey);
  return {
    origin,
    authorityKey,
    formerKey,
    ownKey,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`,
    visits: () => visits,
    close: () => server.close().closeAllConnections(),
    claims: (different = {}) => ({
      iss: `${origin}/${ADELE.tid}/v2.0`,
      aud: API_CLIENT_ID,
      ...times(),
      tid: ADELE.tid,
      oid: ADELE.oid,
      sub: 'pairwise-subject-of-adele',
      azp: SPA_CLIENT_ID,
      azpacr: '0',
      scp: 'access_as_user',
      preferred_username: ADELE.upn,
      ver: '2.0',
      ...different,
    }),
    claimsV1: (different = {}) => ({
      iss: `https://sts.windows.net/${ADELE.tid}/`,
      aud: `api://${API_CLIENT_ID}`,
      ...times(),
      tid: ADELE.tid,
      oid: ADELE.oid,
      sub: 'pairwise-subject-of-adele',
      appid: SPA_CLIENT_ID,
      appidacr: '0',
      scp: 'access_as_user',
      upn: ADELE.upn,
      ver: '1.0',
      ...different,
    }),
    header,
    signed: (payload, different) => compact(header(different), payload, authoritySigns),
  };
}

async function keyOf(privateKey: KeyObject): Promise<Key> {
  const publicKey = createPublicKey(privateKey);
  const publicJwk = publicKey.export({ format: 'jwk' }) as JWK;
  return { kid: await calculateJwkThumbprint(publicJwk), privateKey, publicKey, publicJwk };
}
