import type { Api } from '../api.ts';
import { isLoopback } from '../isLoopback.ts';
import { readClaims, readClaimsChallenge } from './challenge.ts';
import { checkMembers, shown } from './definition.ts';
import { GRAPH_RESOURCES, knownApi } from './knownApi.ts';

export type ApiDefinition = Pick<Api, 'name' | 'resource' | 'baseUrl'> & Partial<Pick<Api, 'readChallenge'>>;

const MEMBERS: readonly (keyof ApiDefinition)[] = ['name', 'resource', 'baseUrl', 'readChallenge'];
const NAME = /^[a-z][a-z0-9-]{0,39}$/;

/**
 * Defines a downstream API other than Microsoft Graph, for use in tasks and functions.
 * @param definition.name its name in logs and history: a lower-case letter, then at most 39 lower-case letters, digits or
 * hyphens; not `graph` or `token`
 * @param definition.resource the part of its scopes before the permission, such as `api://<client id>`
 * @param definition.baseUrl an absolute https URL without a query or fragment; http is allowed only for this machine
 * @param definition.readChallenge reads the claims challenge of an answer 401 from its headers, as raw JSON. Default: that of the header
 * `WWW-Authenticate`, as Microsoft's own APIs write it. What is not a claims challenge is ignored, and so is a promise.
 * @throws {TypeError} the definition is wrong; the message says what to change.
 */
export function defineApi(definition: ApiDefinition): Api {
  checkMembers('defineApi', definition, MEMBERS);
  const { name, resource, baseUrl, readChallenge } = definition;
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw new TypeError(
      `An API's name must begin with a lower-case letter, followed by at most 39 lower-case letters, digits or hyphens. It is ${shown(name)}.`,
    );
  }
  if (name === 'graph' || name === 'token') {
    throw new TypeError(`The name "${name}" is reserved. Give the API another name.`);
  }
  const refuse = (problem: string) => new TypeError(`API "${name}": ${problem}`);
  if (typeof resource !== 'string' || !/^\S*[^\s/]$/.test(resource) || resource.endsWith('/.default')) {
    throw refuse(
      "its resource must be the part of a scope before the permission, such as api://<client id>, without a '/' at the end.",
    );
  }
  if (GRAPH_RESOURCES.some((one) => one === resource.toLowerCase())) {
    throw refuse('its resource is that of Microsoft Graph. Use graph instead.');
  }
  const address = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  const isSafe = address?.protocol === 'https:' || (address?.protocol === 'http:' && isLoopback(address));
  if (!isSafe) {
    throw refuse('its baseUrl must be an absolute https URL. Only this machine may use http.');
  }
  if (/[?#]/.test(baseUrl) || address?.username || address?.password) {
    throw refuse('its baseUrl must have no query, fragment, user name or password.');
  }
  if (readChallenge !== undefined && typeof readChallenge !== 'function') {
    throw refuse(
      'its readChallenge must be a function that reads the claims challenge from the headers of an answer. Leave it out if the challenge is in the header WWW-Authenticate.',
    );
  }
  return knownApi({
    name,
    resource,
    baseUrl,
    readChallenge: (response: Response) =>
      readChallenge === undefined
        ? readClaimsChallenge(response.headers.get('www-authenticate'))
        : readClaims(challengeBy(readChallenge, response)),
  });
}

/** What it throws must not hide the API's own answer, and what it promises must not end the process. */
function challengeBy(read: Api['readChallenge'], response: Response): unknown {
  try {
    const challenge: unknown = read(response);
    if (typeof challenge !== 'string') Promise.resolve(challenge).catch(() => undefined);
    return challenge;
  } catch {
    return undefined;
  }
}
