import { createHash, generateKeyPairSync, type KeyObject, sign, X509Certificate } from 'node:crypto';

export type SelfSigned = {
  certificate: X509Certificate;
  privateKey: KeyObject;
  /** Both as PEM, as `ENTRA_CLIENT_CERTIFICATE` takes them. */
  pem: string;
};

const DAY_MS = 86_400_000;

/**
 * Makes an RSA key and a certificate that it signs itself. `node:crypto` reads certificates but issues none, so the DER is
 * written here (RFC 5280 §4.1, version 1: a version 3 certificate differs by its extensions, and this one has none).
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
  const subject = sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from(name)))));
  const content = sequence(
    // A first byte of 1 keeps the number positive.
    der(0x02, Buffer.concat([Buffer.from([1]), serial])),
    SHA256_WITH_RSA,
    subject,
    sequence(utcTime(from), utcTime(to)),
    subject,
    key,
  );
  const signature = sign('sha256', content, privateKey);
  const raw = sequence(content, SHA256_WITH_RSA, der(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const certificate = new X509Certificate(raw);
  return {
    certificate,
    privateKey,
    pem: `${certificate}${privateKey.export({ type: 'pkcs8', format: 'pem' })}`,
  };
}

/** A value with its tag and length (X.690 §8.1). */
function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const bytes =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...bytes]), content]);
}

const sequence = (...parts: Buffer[]): Buffer => der(0x30, Buffer.concat(parts));
/** 2.5.4.3 */
const COMMON_NAME = der(0x06, Buffer.from('550403', 'hex'));
/** 1.2.840.113549.1.1.11, without parameters */
const SHA256_WITH_RSA = sequence(
  der(0x06, Buffer.from('2a864886f70d01010b', 'hex')),
  der(0x05, Buffer.alloc(0)),
);

/** A time until 2049, to the second. */
const utcTime = (time: Date): Buffer =>
  der(0x17, Buffer.from(`${time.toISOString().slice(2, 19).replaceAll(/[-T:]/g, '')}Z`));
