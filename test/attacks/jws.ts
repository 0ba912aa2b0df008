/** Tokens put together by hand: a library would refuse to make most of what is sent here. */
import { constants, createHmac, type KeyObject, sign } from 'node:crypto';

export type Json = Record<string, unknown>;
export type Signer = (input: string) => Buffer;
/** A segment as JSON, or as the text it is given in. */
export type Content = Json | string;

export const segment = (content: unknown): string =>
  Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)).toString('base64url');

/** JWS Compact Serialization (RFC 7515 §7.1). */
export function compact(header: Content, payload: Content, signer: Signer): string {
  const input = `${segment(header)}.${segment(payload)}`;
  return `${input}.${signer(input).toString('base64url')}`;
}

/** `RS*` of RFC 7518 §3.3. */
export const rsa =
  (key: KeyObject, hash = 'sha256'): Signer =>
  (input) =>
    sign(hash, Buffer.from(input), key);

/** `PS*` of RFC 7518 §3.5. */
export const pss =
  (key: KeyObject, hash = 'sha256'): Signer =>
  (input) =>
    sign(hash, Buffer.from(input), {
      key,
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
    });

/** `ES256` of RFC 7518 §3.4. */
export const ecdsa =
  (key: KeyObject): Signer =>
  (input) =>
    sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });

/** `EdDSA` of RFC 8037 §3.1. */
export const eddsa =
  (key: KeyObject): Signer =>
  (input) =>
    sign(null, Buffer.from(input), key);

/** `HS256` of RFC 7518 §3.2. */
export const hmac =
  (secret: string | Buffer): Signer =>
  (input) =>
    createHmac('sha256', secret).update(input).digest();

export const nothing: Signer = () => Buffer.alloc(0);

type Segments = { header: string; payload: string; signature: string };

/** A token with some of its segments replaced. */
export function withSegments(token: string, change: (segments: Segments) => Partial<Segments>): string {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const segments = { header, payload, signature };
  const changed = { ...segments, ...change(segments) };
  return `${changed.header}.${changed.payload}.${changed.signature}`;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/**
 * The other texts that a lenient reader decodes to the same bytes as this base64url: they differ in the bits of the last
 * character that stand for nothing (RFC 4648 §3.5).
 */
export function otherSpellings(text: string): string[] {
  const unused = [1, undefined, 16, 4][text.length % 4];
  if (unused === undefined) throw new TypeError('this is not base64url');
  const last = ALPHABET.indexOf(text.slice(-1));
  return Array.from({ length: unused - 1 }, (_, bits) => text.slice(0, -1) + ALPHABET[last + bits + 1]);
}

/** A token whose signature's bytes were changed. */
export const withSignature = (token: string, change: (bytes: Buffer) => Buffer): string =>
  withSegments(token, ({ signature }) => ({
    signature: change(Buffer.from(signature, 'base64url')).toString('base64url'),
  }));
