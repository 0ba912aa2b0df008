import { createHash, generateKeyPairSync, type KeyObject, sign, X509Certificate } from 'node:crypto';
import { bitString, commonName, der, integer, objectId, sequence, utcTime } from './der.ts';

export type SelfSigned = {
  certificate: X509Certificate;
  privateKey: KeyObject;
  /** Both as PEM, as `ENTRA_CLIENT_CERTIFICATE` takes them. */
  pem: string;
};

const DAY_MS = 86_400_000;

/**
 * Makes an RSA key and a certificate that it signs itself (RFC 5280 §4.1, version 1: a version 3 certificate differs by its
 * extensions, and this one has none).
 */
export function selfSignedCertificate(
  options: {
    from?: Date;
    to?: Date;
    name?: string;
    keys?: { publicKey: KeyObject; privateKey: KeyObject };
  } = {},
): SelfSigned {
  const {
    from = new Date(Date.now() - DAY_MS),
    to = new Date(Date.now() + 30 * DAY_MS),
    name = 'Stead local only',
  } = options;
  const { publicKey, privateKey } = options.keys ?? generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const key = publicKey.export({ type: 'spki', format: 'der' });
  const serial = createHash('sha256').update(key).update(to.toISOString()).digest().subarray(0, 8);
  const subject = commonName(name);
  const content = sequence(
    integer(serial),
    SHA256_WITH_RSA,
    subject,
    sequence(utcTime(from), utcTime(to)),
    subject,
    key,
  );
  const signature = sign('sha256', content, privateKey);
  const raw = sequence(content, SHA256_WITH_RSA, bitString(signature));
  const certificate = new X509Certificate(raw);
  return {
    certificate,
    privateKey,
    pem: `${certificate}${privateKey.export({ type: 'pkcs8', format: 'pem' })}`,
  };
}

const SHA256_WITH_RSA = sequence(objectId('1.2.840.113549.1.1.11'), der(0x05));
