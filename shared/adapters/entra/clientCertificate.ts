import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { ClientCertificate } from './clientCredential.ts';

export type ReadCertificate =
  | { ok: true; certificate: ClientCertificate }
  | { ok: false; problem: string; remedy: string };

const WHOLE = 'Give the PEM text of the certificate and of its private key, one after the other.';
const RENEW = 'Make another certificate, add it to the app registration, and give it here.';
const LEAST_BITS = 2_048;

/**
 * Reads a certificate and its private key from PEM text. Line breaks may be missing, or written as `\n`, because settings
 * often hold them like that. No problem holds anything of the text but dates of the certificate.
 */
export function readClientCertificate(text: string, now: Date): ReadCertificate {
  const blocks = readBlocks(text.replaceAll(/\\r|\\n/g, '\n'));
  const keys = blocks.filter(({ label }) => label.endsWith('PRIVATE KEY'));
  const certificates = blocks.filter(({ label }) => label === 'CERTIFICATE');
  const [key] = keys;
  if (key === undefined && certificates.length === 0) {
    const remedy = `${WHOLE} Key Vault gives PEM if the certificate has the content type application/x-pem-file.`;
    return { ok: false, problem: 'is not PEM', remedy };
  }
  if (certificates.length === 0) return { ok: false, problem: 'has no certificate', remedy: WHOLE };
  if (key === undefined) return { ok: false, problem: 'has no private key', remedy: WHOLE };
  if (keys.length > 1) return { ok: false, problem: 'has more than one private key', remedy: WHOLE };
  if (key.isEncrypted) {
    const remedy = 'Give the private key without a passphrase. Key Vault keeps it safe.';
    return { ok: false, problem: 'has a private key that is encrypted', remedy };
  }
  const privateKey = readKey(key.pem);
  if (privateKey === undefined)
    return { ok: false, problem: 'has a private key that cannot be read', remedy: WHOLE };
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = privateKey;
  if (type !== 'rsa' || (details?.modulusLength ?? 0) < LEAST_BITS) {
    const remedy = `Entra accepts RSA keys of ${LEAST_BITS} bits or more. ${RENEW}`;
    return { ok: false, problem: `has a private key that is not RSA of ${LEAST_BITS} bits or more`, remedy };
  }
  const read = certificates.map(({ pem }) => readCertificate(pem));
  const known = read.filter((one) => one !== undefined);
  if (known.length < read.length) {
    return { ok: false, problem: 'has a certificate that cannot be read', remedy: WHOLE };
  }
  const own = known.find((one) => one.checkPrivateKey(privateKey));
  if (own === undefined) {
    const remedy = 'Give the private key that the certificate was made with.';
    return { ok: false, problem: 'has a private key that does not belong to the certificate', remedy };
  }
  const [from, to] = [new Date(own.validFrom), new Date(own.validTo)];
  if (now < from) {
    const remedy = `${RENEW} Or set the clock of this machine.`;
    return { ok: false, problem: `is not valid before ${from.toISOString()}`, remedy };
  }
  if (now >= to) return { ok: false, problem: `expired on ${to.toISOString()}`, remedy: RENEW };
  const chain = [own, ...known.filter((one) => one !== own)];
  return {
    ok: true,
    certificate: {
      thumbprintSha256: own.fingerprint256.replaceAll(':', '').toLowerCase(),
      privateKey: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
      chain: chain.map(String).join(''),
    },
  };
}

type Block = { label: string; pem: string; isEncrypted: boolean };

/** The parts of PEM text (RFC 7468), with their line breaks put right. */
function readBlocks(text: string): Block[] {
  const found = text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----/gs);
  return [...found].map(([, label = '', content = '']) => {
    const lines = content.replaceAll(/\s/g, '').match(/.{1,64}/g) ?? [];
    const pem = `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
    // The older form of PEM says it in a header of the content.
    return { label, pem, isEncrypted: label.startsWith('ENCRYPTED') || content.includes('ENCRYPTED') };
  });
}

function readKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}
