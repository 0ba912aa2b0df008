/** A downstream API is a service that is called on behalf of a user. This file holds types only. */

import type { Failure } from './errors.ts';

/** The platform's `fetch`, or a function with the same type. */
export type Fetch = typeof globalThis.fetch;

/** One call of a downstream API on behalf of one user. */
export type ApiCall = {
  /** The user's token for this API. */
  accessToken: string;
  /** Aborts every request of this call. */
  signal?: AbortSignal | undefined;
  /** Sent as `client-request-id`, if it is a GUID. */
  correlationId?: string | undefined;
  /** True if no user waits for the answer. The API may then refuse this request before others. */
  inBackground?: boolean;
  /** Called for every request that the API refused (status 400 or above) or did not answer, even if the caller goes on. */
  onFailed?: (failure: Failure) => void;
  /** Called for every answer that accepts the token (status 200 to 299). */
  onAccepted?: () => void;
};

/**
 * `fetch` for one {@link ApiCall}. `path` is relative to the API's base URL, or an absolute URL of the same origin.
 * Redirects are not followed.
 * @throws {TypeError} the URL has another origin, which must not get the token; or the request failed, as with `fetch`.
 */
export type ApiFetch = (path: string, init?: RequestInit) => Promise<Response>;

/** An API, bound to one user's token. */
export type BoundApi = {
  fetch: ApiFetch;
  /** The API's address as this deployment reaches it. `fetch` sends the token to its origin only. */
  readonly baseUrl: string;
};

/** A downstream API: an API that is called on behalf of a user. `Clients` are its own clients, in addition to `fetch`. */
export type Api<Clients extends object = object> = {
  /** Its name in logs, history and cooldowns: lower-case letters, digits and hyphens. */
  readonly name: string;
  /** The part of a scope before the permission: `https://graph.microsoft.com`, `api://<client id>`. */
  readonly resource: string;
  /** The resources of the same API in other clouds. */
  readonly otherResources?: readonly string[];
  /** An absolute URL. The token is sent to its origin only. */
  readonly baseUrl: string;
  /** Headers of requests for whose answer no user waits. */
  readonly backgroundHeaders?: Readonly<Record<string, string>>;
  /** Reads the claims challenge of an answer as raw JSON; undefined if it has none. */
  readChallenge(response: Response): string | undefined;
  /** Reads what an answer with status 400 or above means, for an API whose answers say more than their status. */
  readFailure?(response: Response, now: Date): Failure;
  /** Reads what an error of the API's own clients means; undefined for all other errors. */
  readError?(error: unknown, now: Date): Failure | undefined;
  /** Opens the API's own clients over a fetch that is bound to one user's token. */
  open?(fetch: ApiFetch, baseUrl: string): Clients;
};

/** Binds an API to one user's token. The address of Microsoft Graph comes from the settings. */
export type OpenApi = <Clients extends object>(
  api: Api<Clients>,
  call: ApiCall,
) => Clients & { api: BoundApi };
