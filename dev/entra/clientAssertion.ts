/**
 * Assertions by which a client proves itself (RFC 7523 §2.2): its own, signed with the key of a certificate, or a token of
 * a managed identity that a federated credential names.
 */
import { constants, createVerify } from 'node:crypto';
import {
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  type ProtectedHeaderParameters,
} from 'jose';
import type { Certificate } from './certificate.ts';
import type { FederatedCredential } from './clientCredentials.ts';
import { EntraError } from './entraError.ts';
import { issuerOf, type StandIn } from './standIn.ts';

export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
/** A client's clock may be a little ahead. */
const TOLERANCE_SECONDS = 5;

const refused = (code: number, message: string): EntraError =>
  new EntraError('invalid_client', code, message, { status: 401 });

/**
 * Entra's own rules: a client asserts itself if it is the issuer; every other issuer needs a federated credential.
 * @throws EntraError 900144, 50027, 70021, 700021, 700023, 700024, 700027, 700211, 700212, 700213, 700226
 */
export async function verifyClientAssertion(
  standIn: StandIn,
  client: string,
  tenant: string,
  params: URLSearchParams,
): Promise<void> {
  if (params.get('client_assertion_type') !== ASSERTION_TYPE) {
    throw new EntraError(
      'invalid_request',
      900144,
      "The parameter 'client_assertion_type' is missing or wrong.",
    );
  }
  const assertion = params.get('client_assertion') ?? '';
  const { header, claims } = decoded(assertion);
  const { certificates, federated } = standIn.credentials.of(client);
  if (header['x5t#S256'] !== undefined || header.x5t !== undefined) {
    verifyOwn(assertion, header, certificates);
    if (claims.iss !== client || claims.sub !== client) {
      throw refused(700021, "The assertion's application identifier does not match 'client_id'.");
    }
    const audiences = [`${standIn.origin}/${tenant}/oauth2/v2.0/token`, issuerOf(standIn, tenant)];
    if (typeof claims.aud !== 'string' || !audiences.includes(claims.aud)) {
      throw refused(700023, "The assertion's audience does not match the realm.");
    }
    if (claims.jti === undefined) throw malformed();
  } else {
    await verifyFederated(standIn, assertion, claims, federated);
  }
  const now = Date.now() / 1_000;
  if (!(Number(claims.exp) > now && Number(claims.nbf) <= now + TOLERANCE_SECONDS)) {
    throw refused(700024, 'The client assertion is not within its valid time range.');
  }
}

const malformed = (): EntraError =>
  new EntraError('invalid_request', 50027, 'The client assertion is malformed or not valid.');

function decoded(assertion: string): {
  header: ProtectedHeaderParameters & Record<string, unknown>;
  claims: JWTPayload;
} {
  try {
    return { header: decodeProtectedHeader(assertion), claims: decodeJwt(assertion) };
  } catch {
    throw malformed();
  }
}

function verifyOwn(
  assertion: string,
  header: Record<string, unknown>,
  certificates: readonly Certificate[],
): void {
  const certificate = certificates.find(
    (one) => one['x5t#S256'] === header['x5t#S256'] || one.x5t === header.x5t,
  );
  const wrong = (reason: string) =>
    refused(700027, `The client assertion contains an invalid signature. [Reason - ${reason}]`);
  if (certificate === undefined) throw wrong('The key was not found.');
  if (certificate.endsAt <= Date.now()) throw wrong('The key used is expired.');
  const end = assertion.lastIndexOf('.');
  const padding = { PS256: constants.RSA_PKCS1_PSS_PADDING, RS256: constants.RSA_PKCS1_PADDING }[
    String(header.alg)
  ];
  if (padding === undefined) throw wrong('The algorithm is not supported.');
  const key = { key: certificate.publicKey, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  const verify = createVerify('sha256').update(assertion.slice(0, end));
  if (!verify.verify(key, assertion.slice(end + 1), 'base64url')) throw wrong('The signature is wrong.');
}

async function verifyFederated(
  { keys }: StandIn,
  assertion: string,
  claims: JWTPayload,
  all: readonly FederatedCredential[],
): Promise<void> {
  const { iss, sub, aud } = claims;
  const fits = (one: FederatedCredential) =>
    one.issuer === iss && one.subject === sub && one.audiences.includes(String(aud));
  const known = all.filter(({ seenFrom }) => seenFrom <= Date.now());
  if (!known.some(fits) && all.some(fits)) {
    throw new EntraError(
      'invalid_request',
      70021,
      'No matching federated identity record found for presented assertion.',
    );
  }
  const none = (code: number, what: string) =>
    refused(code, `No matching federated identity record found for presented assertion ${what}.`);
  const ofIssuer = known.filter(({ issuer }) => issuer === iss);
  if (ofIssuer.length === 0) throw none(700211, `issuer '${iss}'`);
  const ofSubject = ofIssuer.filter(({ subject }) => subject === sub);
  if (ofSubject.length === 0) throw none(700213, `subject '${sub}'`);
  if (!ofSubject.some(({ audiences }) => audiences.includes(String(aud))))
    throw none(700212, `audience '${aud}'`);
  await keys.verify(assertion, String(aud)).catch((error: unknown) => {
    if (!(error instanceof errors.JWTExpired)) throw malformed();
  });
  if (claims.xms_mirid === undefined) {
    throw refused(
      700226,
      'Only tokens of managed identities may be used as federated identity credentials of this issuer.',
    );
  }
}
