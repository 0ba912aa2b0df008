/** APIs beside Graph that the web API calls on behalf of its users: what adopters call orders, tickets or payroll. */
import type { Client, Clients, Registration } from './clients.ts';
import { API_CLIENT_ID, SPA_CLIENT_ID } from './directory.ts';
import { InputError } from './input.ts';

export type FurtherApi = {
  /** Its application (client) id, a GUID. Its scopes begin with `api://<id>/`, and tokens for it name it as their audience. */
  id: string;
  /** What the consent page calls it. */
  name: string;
  /** Names of the delegated permissions that it offers. */
  exposes: readonly string[];
};

/** What the registrations list from the start, in place of what they usually do. */
export type AppsOptions = {
  /** The web API. Without it: `User.Read` of Graph. */
  api?: Partial<Registration>;
  /** The single-page app. Without it: the web API. */
  page?: Partial<Registration>;
};

const GUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;

/**
 * Makes further APIs known as clients.
 * @throws InputError if an API has no GUID, no name or no permissions, or if two have one id
 */
export function createFurtherApis(apis: readonly FurtherApi[]): (id: unknown) => Client | undefined {
  for (const { id, name, exposes } of apis) {
    if (!GUID.test(id)) throw new InputError(`apis: the id "${id}" is not a GUID in lower case`);
    if (name === '' || exposes.length === 0) {
      throw new InputError(`apis: ${id} needs a name, and at least one permission in "exposes"`);
    }
    const isTaken = [API_CLIENT_ID, SPA_CLIENT_ID].includes(id);
    if (isTaken || apis.filter((api) => api.id === id).length > 1) {
      throw new InputError(`apis: there are two applications with the id ${id}`);
    }
  }
  const clients: Client[] = apis.map((api) => ({
    ...api,
    kind: 'web',
    redirectUris: [],
    requiredResourceAccess: [],
    knownClientApplications: [],
    optionalClaims: [],
  }));
  return (id) => clients.find((client) => client.id === id);
}

/**
 * Registers what the two applications list. The web API also lists every permission of the further APIs, so that one
 * consent page asks for them, too.
 * @throws InputError that says what was wrong and what is allowed
 */
export function registerApps(clients: Clients, apps: AppsOptions, apis: readonly FurtherApi[]): void {
  const [page, api] = [clients.find(SPA_CLIENT_ID), clients.find(API_CLIENT_ID)];
  if (page === undefined || api === undefined) throw new InputError('apps: there are no applications');
  const behind = apis.map(({ id, exposes }) => ({ resource: id, permissions: exposes }));
  const { requiredResourceAccess = api.requiredResourceAccess, ...rest } = apps.api ?? {};
  clients.register(api, { ...rest, requiredResourceAccess: [...requiredResourceAccess, ...behind] });
  clients.register(page, apps.page ?? {});
}
