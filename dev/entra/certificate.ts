/** A certificate with which a client proves itself: a member of Graph's `keyCredentials`. */
import { createHash, type KeyObject, X509Certificate } from 'node:crypto';
import { InputError, isRecord } from './input.ts';

export type Certificate = {
  /** Base64url, as in the header of an assertion. */
  'x5t#S256': string;
  x5t: string;
  publicKey: KeyObject;
  /** Epoch milliseconds. */
  endsAt: number;
};

/** @throws InputError it is not `{ "key": <base64 of the DER of a certificate> }`. */
export function readCertificate(input: unknown): Certificate {
  const { key } = isRecord(input) ? input : {};
  try {
    const certificate = new X509Certificate(Buffer.from(String(key), 'base64'));
    const thumbprint = (hash: string) => createHash(hash).update(certificate.raw).digest('base64url');
    return {
      'x5t#S256': thumbprint('sha256'),
      x5t: thumbprint('sha1'),
      publicKey: certificate.publicKey,
      endsAt: new Date(certificate.validTo).getTime(),
    };
  } catch {
    throw new InputError('credentials: a certificate is { "key": <base64 of its DER> }');
  }
}
