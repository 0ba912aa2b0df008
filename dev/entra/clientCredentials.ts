/**
 * What a client may prove itself with beside its secret: certificates, and federated credentials, named as in Graph's
 * `keyCredentials` and `federatedIdentityCredentials`.
 */
import { createHash, type KeyObject, X509Certificate } from 'node:crypto';
import { InputError, isRecord, readFields } from './input.ts';

export type FederatedCredential = {
  name: string;
  issuer: string;
  subject: string;
  audiences: readonly string[];
  /** Epoch milliseconds. Until then no server of the directory knows it. */
  seenFrom: number;
};

export type Certificate = {
  /** Base64url, as in the header of an assertion. */
  'x5t#S256': string;
  x5t: string;
  publicKey: KeyObject;
  /** Epoch milliseconds. */
  endsAt: number;
};

export type RegisteredCredentials = {
  federated: readonly FederatedCredential[];
  certificates: readonly Certificate[];
};

export type ClientCredentials = {
  /** Of an application, by its client id. */
  of(client: string): RegisteredCredentials;
  /**
   * Replaces the credentials that the input names.
   * @throws InputError that says what was wrong and what is allowed
   */
  register(client: string, input: unknown): void;
};

const NOTHING: RegisteredCredentials = { federated: [], certificates: [] };
/** As many as Entra allows for an application. */
const MOST_FEDERATED = 20;

export function createClientCredentials(): ClientCredentials {
  const registered = new Map<string, RegisteredCredentials>();
  return {
    of: (client) => registered.get(client) ?? NOTHING,
    register(client, input) {
      const changed = { ...(registered.get(client) ?? NOTHING) };
      for (const [name, value] of readFields('credentials', input, [
        'federatedIdentityCredentials',
        'keyCredentials',
      ])) {
        if (!Array.isArray(value)) throw new InputError(`credentials: "${name}" must be a list`);
        if (name === 'keyCredentials') changed.certificates = value.map(readCertificate);
        else changed.federated = readFederated(value);
      }
      registered.set(client, changed);
    },
  };
}

/** Nothing but the form is checked, as at Entra: a wrong issuer, subject or audience is found at the first exchange. */
function readFederated(input: readonly unknown[]): FederatedCredential[] {
  if (input.length > MOST_FEDERATED) {
    throw new InputError(`credentials: an application has ${MOST_FEDERATED} federated credentials at most`);
  }
  return input.map((one) => {
    const { name, issuer, subject, audiences, delaySeconds = 0 } = isRecord(one) ? one : {};
    const isRight =
      typeof name === 'string' &&
      typeof issuer === 'string' &&
      typeof subject === 'string' &&
      Array.isArray(audiences) &&
      audiences.length === 1 &&
      typeof audiences[0] === 'string' &&
      typeof delaySeconds === 'number' &&
      delaySeconds >= 0;
    if (!isRight) {
      throw new InputError(
        'credentials: a federated credential is { "name", "issuer", "subject", "audiences": [<one>], "delaySeconds": <0 or more; optional> }',
      );
    }
    return { name, issuer, subject, audiences, seenFrom: Date.now() + delaySeconds * 1_000 };
  });
}

function readCertificate(input: unknown): Certificate {
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
