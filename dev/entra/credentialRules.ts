/**
 * What Graph refuses in the credentials of an application, and what it makes of a new client secret
 * (https://learn.microsoft.com/graph/api/resources/keycredential,
 * https://learn.microsoft.com/graph/api/resources/federatedidentitycredential,
 * https://learn.microsoft.com/graph/api/application-addpassword).
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { readCertificate } from './certificate.ts';
import { GraphError } from './entraError.ts';
import { badRequest, listOf, textsOf } from './graphProperties.ts';
import type { GraphObject } from './graphTable.ts';
import { InputError, isRecord } from './input.ts';

export function checkKeyCredentials({ keyCredentials }: GraphObject): void {
  for (const one of listOf(keyCredentials, 'keyCredentials')) {
    const { type, usage } = isRecord(one) ? one : {};
    try {
      if (type !== 'AsymmetricX509Cert' || usage !== 'Verify') throw new InputError('');
      readCertificate(one);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      throw badRequest('Key credentials are invalid: a certificate has type, usage and key.');
    }
  }
}

const MOST_FEDERATED_CREDENTIALS = 20;

/**
 * @param before the credential as it was, if it is not new
 * @param others the other federated credentials of the application
 */
export function checkFederatedCredential(
  credential: GraphObject,
  before: GraphObject | undefined,
  others: readonly GraphObject[],
): void {
  const { name, issuer, subject, audiences } = credential;
  if (before !== undefined && before.name !== name)
    throw badRequest('Name is immutable and cannot be changed after creation.');
  if (typeof name !== 'string' || !/^[A-Za-z0-9][\w-]{2,119}$/.test(name))
    throw badRequest('The name must be URL friendly, with 3 to 120 characters.');
  for (const text of [issuer, subject]) {
    if (typeof text !== 'string' || text === '' || text.length > 600)
      throw badRequest('Issuer and subject are required, with at most 600 characters.');
  }
  if (textsOf(audiences, 'audiences').length !== 1) throw badRequest('Exactly one audience is allowed.');
  const same = (what: string) => new GraphError(409, 'Request_MultipleObjectsWithSameKeyValue', what);
  if (others.some((other) => other.name === name))
    throw same(`FederatedIdentityCredential with name ${name} already exists.`);
  if (others.some((other) => other.issuer === issuer && other.subject === subject))
    throw same('FederatedIdentityCredential with the same issuer and subject already exists.');
  if (others.length >= MOST_FEDERATED_CREDENTIALS)
    throw badRequest(`An application has at most ${MOST_FEDERATED_CREDENTIALS} federated credentials.`);
}

/**
 * A new client secret. Without an end it is valid for two years.
 * @param asked the `passwordCredential` of the request
 * @param now epoch milliseconds
 */
export function newPassword(asked: unknown, now: number) {
  const { displayName = null, startDateTime = now, endDateTime } = isRecord(asked) ? asked : {};
  const begins = new Date(startDateTime as string | number);
  const ends = new Date((endDateTime ?? begins) as string | Date);
  if (endDateTime === undefined) ends.setUTCFullYear(begins.getUTCFullYear() + 2);
  if (Number.isNaN(begins.getTime()) || Number.isNaN(ends.getTime()) || ends <= begins)
    throw badRequest('The start or the end of the password is invalid.');
  return {
    keyId: randomUUID(),
    displayName,
    secretText: randomBytes(24).toString('base64url'),
    startDateTime: begins.toISOString(),
    endDateTime: ends.toISOString(),
  };
}
