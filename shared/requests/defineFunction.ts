import type { BoundApi } from '../api.ts';
import type { FunctionRequest } from '../ports.ts';
import { checkMembers } from '../tokens/definition.ts';
import { checkUse, type UseOfApi } from '../tokens/useOfApi.ts';
import type { UserId } from '../userId.ts';

/** What a function's `run` gets for one request, together with the clients of its API (`graph` for Microsoft Graph). */
export type FunctionContext = {
  /** The caller, of the verified access token. Do not log it. `tid` and `oid` are GUIDs in lower case. */
  user: { id: UserId; tid: string; oid: string };
  /** What the caller sent. It never says who the caller is. */
  request: FunctionRequest;
  /** Calls the function's API with the caller's token. The token is sent to that API only. */
  api: BoundApi;
  /** The access token for the function's API. Do not log it, store it, or send it to another API. */
  token: string;
  /** Aborts at the function's time-out. */
  signal: AbortSignal;
};

export type FunctionDefinition<Clients extends object, Result> = Omit<UseOfApi<Clients>, 'timeoutMs'> & {
  /** Whole milliseconds from 1 to 110,000. Default 30,000. */
  timeoutMs?: number;
  /**
   * `link`: users consent by a link that names the function and asks for its scopes (`docs/functions.md`). The refusal for want of
   * that consent says so. Only for functions of Microsoft Graph. Default: the page's sign-in asks for them.
   */
  consent?: 'link';
  /**
   * Acts for the caller. It runs once more with a better token if the API asks for one, so it must be safe to repeat. Its
   * result is answered as JSON; a `Blob` is answered as it is; `undefined` is answered with 204. The API's own `Response` is no
   * result: read its body, or throw if it is a refusal.
   */
  run(context: FunctionContext & Clients): Promise<NotAResponse<Result>>;
};

/** It would be answered as a success, whatever the API said. */
type NotAResponse<Result> = Result extends Response ? never : Result;

/** An HTTP function that calls one API on behalf of its caller. */
export type UserFunction<Result = unknown> = Readonly<
  Required<Omit<FunctionDefinition<object, Result>, 'consent'>>
> & {
  /** Absent if users do not consent by a link. */
  readonly consent?: 'link';
};

const MEMBERS: readonly (keyof FunctionDefinition<object, unknown>)[] = [
  'name',
  'api',
  'scopes',
  'consent',
  'timeoutMs',
  'run',
];
const DEFAULT_TIMEOUT_MS = 30_000;

/**
 * Defines a function. `functions/main.ts` gives it a route.
 * @throws {TypeError} the definition is wrong; the message says what to change.
 */
export function defineFunction<Clients extends object, Result>(
  definition: FunctionDefinition<Clients, Result>,
): UserFunction<Result> {
  checkMembers('defineFunction', definition, MEMBERS);
  const { name, api, scopes, timeoutMs = DEFAULT_TIMEOUT_MS, consent, run } = definition;
  checkUse('Function', { name, api, scopes, timeoutMs, consent }, run);
  // The cast is safe because a function runs with the clients of its own API.
  return Object.freeze({
    name,
    api,
    scopes: Object.freeze([...scopes]),
    timeoutMs,
    ...(consent && { consent }),
    run,
  }) as UserFunction<Result>;
}
