import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { bitString, commonName, der, integer, objectId, sequence, utcTime } from './der.ts';

export type Certificate = {
  /** PEM, PKCS #8. */
  key: string;
  /** PEM. It is its own issuer, so a client that is to accept it must be given it as an authority. */
  cert: string;
};

const DAY_MS = 86_400_000;
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
const SUBJECT_ALTERNATIVE_NAME = '2.5.29.17';
const BASIC_CONSTRAINTS = '2.5.29.19';

/**
 * Makes a certificate for `localhost` and 127.0.0.1, valid for a day, with a new key (RFC 5280 §4.1).
 */
export function createCertificate(now: Date): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = sequence(objectId(ECDSA_WITH_SHA256));
  const name = commonName('Stead, on this machine');
  const body = sequence(
    context(0, integer(Buffer.from([2]))),
    integer(randomBytes(16)),
    algorithm,
    name,
    sequence(utcTime(new Date(now.getTime() - DAY_MS)), utcTime(new Date(now.getTime() + DAY_MS))),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    context(
      3,
      sequence(
        extension(BASIC_CONSTRAINTS, sequence(der(0x01, Buffer.from([0xff])))),
        extension(
          SUBJECT_ALTERNATIVE_NAME,
          sequence(der(0x82, Buffer.from('localhost')), der(0x87, Buffer.from([127, 0, 0, 1]))),
        ),
      ),
    ),
  );
  const signature = sign('sha256', body, privateKey);
  const whole = sequence(body, algorithm, bitString(signature));
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${whole.toString('base64').replaceAll(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`,
  };
}

const context = (number: number, ...parts: Uint8Array[]): Buffer => der(0xa0 + number, ...parts);
const extension = (id: string, content: Buffer): Buffer => sequence(objectId(id), der(0x04, content));
