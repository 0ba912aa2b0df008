/** The two applications that are registered here. */

import { API_CLIENT_ID, API_CLIENT_SECRET, API_SCOPE_NAME, SPA_CLIENT_ID } from './directory.ts';
import { InputError } from './inputError.ts';

export type Client = {
  id: string;
  name: string;
  /** A single-page application redeems codes cross-origin and without a secret; a web API has a secret. */
  kind: 'spa' | 'web';
  redirectUris: readonly string[];
  /** Names of the delegated permissions it offers to others. */
  exposes: readonly string[];
  secret?: string;
};

export type Clients = {
  find(id: unknown): Client | undefined;
  isSpaOrigin(origin: string | undefined): boolean;
  isRedirectUri(uri: string): boolean;
  spaOrigins: readonly string[];
};

/** @throws InputError if an entry is not an http(s) origin as a browser sends it in `Origin` */
export function registerClients(spaOrigins: readonly string[]): Clients {
  for (const origin of spaOrigins) {
    if (!/^https?:/.test(origin) || !URL.canParse(origin) || new URL(origin).origin !== origin) {
      throw new InputError(`spaOrigins: "${origin}" is not an origin such as http://localhost:5173`);
    }
  }
  const redirectUris = spaOrigins.flatMap((origin) => [`${origin}/`, `${origin}/redirect.html`]);
  const clients: Client[] = [
    { id: SPA_CLIENT_ID, name: 'Demo single-page app', kind: 'spa', redirectUris, exposes: [] },
    {
      id: API_CLIENT_ID,
      name: 'Demo web API',
      kind: 'web',
      redirectUris: [],
      exposes: [API_SCOPE_NAME],
      secret: API_CLIENT_SECRET,
    },
  ];
  return {
    find: (id) => clients.find((client) => client.id === id),
    isSpaOrigin: (origin) => origin !== undefined && spaOrigins.includes(origin),
    isRedirectUri: (uri) => redirectUris.includes(uri),
    spaOrigins,
  };
}
