import type { Api } from '../api.ts';
import { isRecord } from '../isRecord.ts';
import { kindOf, shown } from './definition.ts';
import { isKnownApi } from './knownApi.ts';
import { isPermission, isScopeOf } from './scopes.ts';

/** What a task and a function have in common: each uses one API as a user. */
export type UseOfApi<Clients extends object = object> = {
  /** A lower-case letter, then at most 39 lower-case letters, digits or hyphens. */
  name: string;
  api: Api<Clients>;
  /** Delegated permissions of that API. At least one. */
  scopes: readonly string[];
  /** Milliseconds. */
  timeoutMs: number;
  /** How users consent to the scopes, if the page's sign-in does not ask for them. */
  consent?: 'link' | undefined;
};

/**
 * Milliseconds. A run of the worker ends after about a minute, and so do its tasks. The platform's load balancer ends a request
 * after 230 seconds, and a function may run twice.
 */
const MAX_TIMEOUT_MS = { Task: 60_000, Function: 110_000 };
const NAME = /^[a-z][a-z0-9-]{0,39}$/;

/**
 * Checks a definition.
 * @param what `Task` or `Function`, for the messages
 * @param before what the messages begin with
 * @throws {TypeError} the definition is wrong; the message says what to change.
 */
export function checkUse(
  what: 'Task' | 'Function',
  { name, api, scopes, timeoutMs, consent }: UseOfApi,
  run: unknown,
  before = '',
): void {
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw new TypeError(
      `${before}A ${what.toLowerCase()}'s name must begin with a lower-case letter, followed by at most 39 lower-case letters, digits or hyphens, such as "read-profile". It is ${shown(name)}.`,
    );
  }
  const refuse = (problem: string) => new TypeError(`${before}${what} "${name}": ${problem}`);
  if (!isKnownApi(api)) {
    throw refuse('it has no api. Give it graph, or an API from defineApi.');
  }
  if (scopes !== undefined && !Array.isArray(scopes)) {
    throw refuse(`scopes must be an array, such as ['User.Read']. It is ${shown(scopes)}.`);
  }
  if (scopes === undefined || scopes.length === 0) {
    throw refuse("it has no scopes. Name the permissions it needs, such as ['User.Read'].");
  }
  for (const scope of scopes) {
    if (typeof scope !== 'string' || !/^\S*[^\s/]$/.test(scope)) {
      throw refuse(`${shown(scope)} is not one scope. Write each scope as its own string, without spaces.`);
    }
  }
  const foreign = scopes.find((scope) => !isScopeOf(api, scope));
  if (foreign !== undefined) {
    throw refuse(
      `the scope ${foreign} does not belong to ${api.resource}, and a token is for one API. Make a ${what.toLowerCase()} for each API.`,
    );
  }
  if (consent !== undefined && consent !== 'link') {
    throw refuse("consent must be 'link', or be left out.");
  }
  const unnamed = consent === 'link' ? scopes.find((scope) => !isPermission(scope)) : undefined;
  if (unnamed !== undefined) {
    throw refuse(`a link asks for permissions by name, and ${unnamed} is none. Name those that are needed.`);
  }
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > MAX_TIMEOUT_MS[what]) {
    throw refuse(`timeoutMs must be whole milliseconds from 1 to ${MAX_TIMEOUT_MS[what]}.`);
  }
  if (typeof run !== 'function') throw refuse('it has no run. Give it an async function.');
}

/**
 * Checks a task or a function that is given to the application. In JavaScript it may be anything.
 * @throws {TypeError} a definition with these values would be refused.
 */
export function checkDefined(what: 'Task' | 'Function', defined: unknown): void {
  const rule = `Every ${what.toLowerCase()} must be a result of define${what}. `;
  if (!isRecord(defined)) throw new TypeError(`${rule}This one is ${kindOf(defined)}.`);
  // The cast is safe because it is what is checked.
  checkUse(what, defined as UseOfApi, defined.run, rule);
}
