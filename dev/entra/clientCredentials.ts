/**
 * What a client may prove itself with: secrets, certificates, and federated credentials, named as in Graph's
 * `passwordCredentials`, `keyCredentials` and `federatedIdentityCredentials`. The control API gives them to the applications
 * that are here from the start. The others have those that were registered at Graph.
 */
import type { Applications } from './applications.ts';
import { type Certificate, readCertificate } from './certificate.ts';
import type { GraphObject } from './graphTable.ts';
import { InputError, isRecord, readFields } from './input.ts';

export type FederatedCredential = {
  name: string;
  issuer: string;
  subject: string;
  audiences: readonly string[];
  /** Epoch milliseconds. Until then no server of the directory knows it. */
  seenFrom: number;
};

export type Secret = {
  text: string;
  /** Epoch milliseconds. */
  endsAt: number;
};

export type RegisteredCredentials = {
  secrets: readonly Secret[];
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

const NOTHING: RegisteredCredentials = { secrets: [], federated: [], certificates: [] };
/** As many as Entra allows for an application. */
const MOST_FEDERATED = 20;
/** The authority that this server plays, in the issuers that `npm run entra:register` writes. */
const PUBLIC_AUTHORITY = /^https:\/\/login\.microsoftonline\.com(?=\/)/;

/** @param origin that of this server */
export function createClientCredentials(directory: Applications, origin: string): ClientCredentials {
  const registered = new Map<string, RegisteredCredentials>();

  function registeredAtGraph(client: string): RegisteredCredentials {
    const application = directory.applications.seen().find(({ appId }) => appId === client);
    if (application === undefined) return NOTHING;
    const isOfIt = ({ applicationId }: GraphObject) => applicationId === application.id;
    const seen = directory.credentials.seen().map(({ id }) => id);
    return {
      secrets: directory.passwords.seen().filter(isOfIt).map(toSecret),
      certificates: (application.keyCredentials as unknown[]).map(readCertificate),
      federated: directory.credentials
        .newest()
        .filter(isOfIt)
        .map((credential) => ({
          name: String(credential.name),
          issuer: String(credential.issuer).replace(PUBLIC_AUTHORITY, origin),
          subject: String(credential.subject),
          audiences: credential.audiences as string[],
          seenFrom: seen.includes(credential.id) ? 0 : Number.POSITIVE_INFINITY,
        })),
    };
  }

  return {
    of: (client) => registered.get(client) ?? registeredAtGraph(client),
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

const toSecret = ({ secretText, endDateTime }: GraphObject): Secret => ({
  text: String(secretText),
  endsAt: Date.parse(String(endDateTime)),
});
