/** The applications that are registered here from the start, and those that were registered at Graph. */

import {
  API_CLIENT_ID,
  API_CLIENT_SECRET,
  API_SCOPE_NAME,
  GRAPH_APP_ID,
  SPA_CLIENT_ID,
  WEBHOOK_CLIENT_ID,
  WEBHOOK_CLIENT_SECRET,
} from './directory.ts';
import { InputError, isRecord, readFields } from './input.ts';

/** Delegated permissions of one resource, by the application id of that resource. */
export type ResourceAccess = { resource: string; permissions: readonly string[] };

export type Client = {
  id: string;
  name: string;
  /** A single-page application redeems codes cross-origin and without a secret; a web API proves itself. */
  kind: 'spa' | 'web';
  redirectUris: readonly string[];
  /** Names of the delegated permissions that it offers to other applications. */
  exposes: readonly string[];
  /** What its registration lists (*API permissions*); a `.default` request asks for all of it. */
  requiredResourceAccess: readonly ResourceAccess[];
  /** Applications whose consent pages may ask for this one's permissions too. */
  knownClientApplications: readonly string[];
  /** Of an application that is here from the start. */
  secret?: string;
  /** The optional claims of access tokens for it. */
  optionalClaims: readonly string[];
};

export type Registration = Pick<Client, 'requiredResourceAccess' | 'knownClientApplications'>;

export type Clients = {
  find(id: unknown): Client | undefined;
  /** @throws InputError that says what was wrong and what is allowed */
  register(client: Client, input: unknown): Registration;
  isSpaOrigin(origin: string | undefined): boolean;
  isRedirectUri(uri: string): boolean;
  spaOrigins: readonly string[];
  /** Where a sign-in or a consent may lead a browser: to a page, or to the web API. */
  formTargets: readonly string[];
};

/**
 * @param more.others finds applications that were registered at Graph
 * @param more.apiRedirectUris those of the web API, beside the pages to which an administrator's consent leads back
 * @throws InputError if an entry is not an http(s) origin as a browser sends it in `Origin`
 */
export function registerClients(
  spaOrigins: readonly string[],
  {
    others = () => undefined,
    apiRedirectUris = [],
  }: { others?: (id: unknown) => Client | undefined; apiRedirectUris?: readonly string[] } = {},
): Clients {
  for (const origin of spaOrigins) {
    if (!/^https?:/.test(origin) || !URL.canParse(origin) || new URL(origin).origin !== origin) {
      throw new InputError(`spaOrigins: "${origin}" is not an origin such as http://localhost:5173`);
    }
  }
  const adminUris = spaOrigins.map((origin) => `${origin}/admin.html`);
  const redirectUris = spaOrigins.flatMap((origin) => [`${origin}/`, `${origin}/redirect.html`]);
  const clients: Client[] = [
    {
      id: SPA_CLIENT_ID,
      name: 'Stead',
      kind: 'spa',
      redirectUris: [...redirectUris, ...adminUris],
      exposes: [],
      requiredResourceAccess: [{ resource: API_CLIENT_ID, permissions: [API_SCOPE_NAME] }],
      knownClientApplications: [],
      optionalClaims: [],
    },
    {
      id: API_CLIENT_ID,
      name: 'Demo web API',
      kind: 'web',
      redirectUris: [...adminUris, ...apiRedirectUris],
      exposes: [API_SCOPE_NAME],
      requiredResourceAccess: [{ resource: GRAPH_APP_ID, permissions: ['User.Read'] }],
      knownClientApplications: [SPA_CLIENT_ID],
      secret: API_CLIENT_SECRET,
      optionalClaims: ['idtyp', 'xms_cc'],
    },
    {
      id: WEBHOOK_CLIENT_ID,
      name: 'AzNS AAD Webhook',
      kind: 'web',
      redirectUris: [],
      exposes: [],
      requiredResourceAccess: [],
      knownClientApplications: [],
      secret: WEBHOOK_CLIENT_SECRET,
      optionalClaims: [],
    },
  ];
  return {
    find: (id) => clients.find((client) => client.id === id) ?? others(id),
    register: (client, input) => {
      if (!clients.includes(client)) {
        throw new InputError(`application: "${client.name}" was registered at Graph; change it there`);
      }
      const { requiredResourceAccess, knownClientApplications } = readRegistration(client, input);
      Object.assign(client, { requiredResourceAccess, knownClientApplications });
      return { requiredResourceAccess, knownClientApplications };
    },
    isSpaOrigin: (origin) => origin !== undefined && spaOrigins.includes(origin),
    isRedirectUri: (uri) => redirectUris.includes(uri),
    spaOrigins,
    formTargets: [...new Set([...spaOrigins, ...apiRedirectUris.map((uri) => new URL(uri).origin)])],
  };
}

const FIELDS = ['requiredResourceAccess', 'knownClientApplications'];

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'string');

const isAccess = (value: unknown): value is ResourceAccess =>
  isRecord(value) && typeof value.resource === 'string' && isTexts(value.permissions);

function readRegistration(current: Registration, input: unknown): Registration {
  const fields = readFields('application', input, FIELDS);
  const { requiredResourceAccess, knownClientApplications } = { ...current, ...Object.fromEntries(fields) };
  if (!Array.isArray(requiredResourceAccess) || !requiredResourceAccess.every(isAccess)) {
    throw new InputError(
      'application: "requiredResourceAccess" must be a list of { "resource": <application id>, "permissions": [<name>] }',
    );
  }
  if (!isTexts(knownClientApplications)) {
    throw new InputError('application: "knownClientApplications" must be a list of application ids');
  }
  return { requiredResourceAccess, knownClientApplications };
}
