import { isLoopback } from '../isLoopback.ts';
import type { Api } from '../ports.ts';
import { readClaimsChallenge } from '../tokens/challenge.ts';

const NAME = /^[a-z][a-z0-9-]{0,39}$/;

/**
 * A downstream API beside Microsoft Graph.
 * @param definition.name what logs and history call it; `graph` and `token` are taken
 * @param definition.resource what stands before a permission in its scopes, such as `api://<client id>`
 * @param definition.baseUrl absolute; http on this machine alone
 * @throws {TypeError} that says what is wrong with it, and how to mend it.
 */
export function defineApi({ name, resource, baseUrl }: Pick<Api, 'name' | 'resource' | 'baseUrl'>): Api {
  if (!NAME.test(name)) {
    throw new TypeError(
      `An API's name must begin with a lower-case letter and go on with at most 39 of these, digits or hyphens; it is ${JSON.stringify(name)}.`,
    );
  }
  if (name === 'graph' || name === 'token') {
    throw new TypeError(`The name "${name}" is taken. Give the API another name.`);
  }
  const refuse = (problem: string) => new TypeError(`API "${name}": ${problem}`);
  if (!/^\S*[^\s/]$/.test(resource)) {
    throw refuse(
      "its resource must be what stands before the permission in a scope, without a '/' at the end.",
    );
  }
  const address = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  const isSafe = address?.protocol === 'https:' || (address?.protocol === 'http:' && isLoopback(address));
  if (!isSafe) {
    throw refuse('its baseUrl must be an absolute https address; http is for this machine alone.');
  }
  return Object.freeze({
    name,
    resource,
    baseUrl,
    readChallenge: ({ headers }: Response) => readClaimsChallenge(headers.get('www-authenticate')),
  });
}
