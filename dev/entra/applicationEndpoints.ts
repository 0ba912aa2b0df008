/** Graph's addresses of the registrations: `/v1.0/applications`, `/v1.0/servicePrincipals` and what belongs to them. */
import { type Context, Hono } from 'hono';
import { type Applications, notFound } from './applications.ts';
import { GraphError, graphIds } from './entraError.ts';
import { badRequest } from './graphProperties.ts';
import type { GraphObject } from './graphTable.ts';
import { isRecord } from './input.ts';
import type { EntraEnv, Journal } from './journal.ts';

/**
 * The access tokens that these addresses take. They are no secrets, because only this machine reaches the stand-in. The
 * administrator may do everything, the developer everything but consent for everybody and assign app roles, and the reader
 * may read.
 */
export const GRAPH_TOKENS = {
  administrator: 'stand-in-administrator',
  developer: 'stand-in-developer',
  reader: 'stand-in-reader',
} as const;

/** Microsoft decides what users may consent to: the default of new tenants. */
const MANAGED_POLICY = 'ManagePermissionGrantsForSelf.microsoft-user-default-recommended';

type Role = keyof typeof GRAPH_TOKENS;

export type EndpointOptions = {
  /** Records the requests; they are not recorded if left out. */
  record?: ReturnType<Journal['record']>;
  /** Most objects on a page of a list; 100 if left out. */
  pageSize?: number;
  /** Whether a policy lets users consent; true if left out. */
  usersMayConsent?: () => boolean;
};

/** The segments of a path below `/v1.0`: a collection, perhaps with a key, and what is below it. */
type Target = { collection: string; key: string | undefined; appId: string | undefined; below: string[] };

const COLLECTION =
  /^(applications|servicePrincipals|oauth2PermissionGrants|organization|policies)(?:\(appId='([^']*)'\))?$/;

function targetOf(pathname: string): Target | undefined {
  const [, version, first = '', ...rest] = decodeURIComponent(pathname).split('/');
  const [, collection, appId] = COLLECTION.exec(first) ?? [];
  if (version !== 'v1.0' || collection === undefined) return undefined;
  if (appId !== undefined) return { collection, appId, key: undefined, below: rest };
  const [key, ...below] = rest.filter((segment) => segment !== '');
  return { collection, appId, key, below };
}

export function applicationEndpoints(
  directory: Applications,
  { record, pageSize = 100, usersMayConsent = () => true }: EndpointOptions = {},
): Hono<EntraEnv> {
  const app = new Hono<EntraEnv>();

  app.use('/v1.0/*', async (c, next) => {
    const target = targetOf(new URL(c.req.url).pathname);
    if (target === undefined) return next();
    const answer = async (): Promise<void> => {
      c.res = await answerTo(c, target);
    };
    await (record === undefined ? answer() : record(c, answer));
  });

  async function answerTo(c: Context<EntraEnv>, target: Target): Promise<Response> {
    try {
      const role = roleOf(c.req.header('authorization'));
      if (c.req.method !== 'GET') checkRole(role, target);
      // To see them takes a role of those who look after the directory.
      else if (target.collection === 'policies' && role === 'developer') throw denied();
      return await respond(c, target);
    } catch (error) {
      if (!(error instanceof GraphError)) throw error;
      const entry = c.get('entry');
      if (entry !== undefined) entry.error = error.code;
      return error.respond(c);
    }
  }

  async function respond(c: Context<EntraEnv>, target: Target): Promise<Response> {
    const { collection, below } = target;
    const isOne = target.key !== undefined || target.appId !== undefined;
    switch (`${c.req.method} ${collection}${isOne ? '/one' : ''}${below.length > 0 ? `/${below[0]}` : ''}`) {
      case 'GET organization':
        return c.json({ value: [{ id: directory.tenantId, displayName: 'Harbour' }] }, 200, graphIds(c));
      case 'GET policies/one': {
        if (target.key !== 'authorizationPolicy') throw notFound(target.key ?? '');
        const defaultUserRolePermissions = {
          permissionGrantPoliciesAssigned: usersMayConsent() ? [MANAGED_POLICY] : [],
        };
        return one(c, { id: 'authorizationPolicy', defaultUserRolePermissions });
      }
      case 'GET applications':
        return list(c, directory.applications.seen().map(withPasswords));
      case 'GET applications/one':
        return one(c, withPasswords(seenOf('applications', target)));
      case 'POST applications':
        return c.json(directory.createApplication(await bodyOf(c)), 201, graphIds(c));
      case 'PATCH applications/one':
        directory.changeApplication(idOf('applications', target), await bodyOf(c));
        return c.body(null, 204);
      case 'DELETE applications/one':
        directory.removeApplication(idOf('applications', target));
        return c.body(null, 204);
      case 'GET applications/one/federatedIdentityCredentials': {
        const id = idOf('applications', target);
        return list(
          c,
          directory.credentials.seen().flatMap(({ applicationId, ...credential }) => {
            return applicationId === id ? [credential] : [];
          }),
        );
      }
      case 'POST applications/one/federatedIdentityCredentials': {
        const id = idOf('applications', target);
        return c.json(directory.createCredential(id, await bodyOf(c)), 201, graphIds(c));
      }
      case 'PATCH applications/one/federatedIdentityCredentials':
        directory.changeCredential(idOf('applications', target), below[1] ?? '', await bodyOf(c));
        return c.body(null, 204);
      case 'POST applications/one/addPassword':
        return c.json(directory.addPassword(idOf('applications', target), await bodyOf(c)), 200, graphIds(c));
      case 'POST applications/one/removePassword':
        directory.removePassword(idOf('applications', target), await bodyOf(c));
        return c.body(null, 204);
      case 'GET servicePrincipals':
        return list(c, directory.principals.seen());
      case 'GET servicePrincipals/one':
        return one(c, seenOf('principals', target));
      case 'POST servicePrincipals':
        return c.json(directory.createPrincipal(await bodyOf(c)), 201, graphIds(c));
      case 'GET servicePrincipals/one/appRoleAssignedTo': {
        const id = idOf('principals', target);
        return list(
          c,
          directory.assignments.seen().filter(({ resourceId }) => resourceId === id),
        );
      }
      case 'POST servicePrincipals/one/appRoleAssignedTo':
        return c.json(
          directory.createAssignment(idOf('principals', target), await bodyOf(c)),
          201,
          graphIds(c),
        );
      case 'GET oauth2PermissionGrants':
        return list(c, directory.grants.seen());
      case 'POST oauth2PermissionGrants':
        return c.json(directory.createGrant(await bodyOf(c)), 201, graphIds(c));
      case 'PATCH oauth2PermissionGrants/one':
        directory.changeGrant(target.key ?? '', await bodyOf(c));
        return c.body(null, 204);
      default:
        throw badRequest('Specified HTTP method is not allowed for the request target.');
    }
  }

  /** Graph tells of a client secret when it ends, and how it begins. */
  function withPasswords(application: GraphObject): GraphObject {
    const passwords = directory.passwords
      .seen()
      .filter(({ applicationId }) => applicationId === application.id);
    return {
      ...application,
      passwordCredentials: passwords.map(({ id: keyId, applicationId: _, secretText, ...told }) => ({
        ...told,
        keyId,
        hint: String(secretText).slice(0, 3),
        secretText: null,
      })),
    };
  }

  function seenOf(table: 'applications' | 'principals', { key, appId }: Target): GraphObject {
    const found = directory[table].seen().find((object) => object.id === key || object.appId === appId);
    if (found === undefined) throw notFound(key ?? appId ?? '');
    return found;
  }
  /** A change by client id finds an application as soon as a reader does. */
  const idOf = (table: 'applications' | 'principals', target: Target): string => seenOf(table, target).id;

  function list(c: Context<EntraEnv>, objects: readonly GraphObject[]): Response {
    const found = filtered(objects, c.req.query('$filter'));
    const from = Number(c.req.query('$skiptoken') ?? 0);
    const page = found.slice(from, from + pageSize).map((object) => selected(c, object));
    const next = new URL(c.req.url);
    next.searchParams.set('$skiptoken', String(from + pageSize));
    const more = from + pageSize < found.length ? { '@odata.nextLink': next.href } : {};
    return c.json({ ...more, value: page }, 200, graphIds(c));
  }

  const one = (c: Context<EntraEnv>, object: GraphObject): Response =>
    c.json(selected(c, object), 200, graphIds(c));

  return app;
}

function roleOf(authorization: string | undefined): Role {
  const [, token] = /^Bearer +(\S+)$/i.exec(authorization ?? '') ?? [];
  const role = (Object.keys(GRAPH_TOKENS) as Role[]).find((name) => GRAPH_TOKENS[name] === token);
  if (role === undefined)
    throw new GraphError(401, 'InvalidAuthenticationToken', 'Access token is empty or not valid.');
  return role;
}

function checkRole(role: Role, { collection, below }: Target): void {
  const isForAll = collection === 'oauth2PermissionGrants' || below[0] === 'appRoleAssignedTo';
  if (role === 'administrator' || (role === 'developer' && !isForAll)) return;
  throw denied();
}

const denied = (): GraphError =>
  new GraphError(403, 'Authorization_RequestDenied', 'Insufficient privileges to complete the operation.');

/** Understands `<property> eq '<text>'` and `<property>/any(x:x eq '<text>')`, as Graph does without further headers. */
function filtered(objects: readonly GraphObject[], filter: string | undefined): GraphObject[] {
  if (filter === undefined) return [...objects];
  const [, property, value] = /^(appId|clientId|resourceId|consentType) eq '([^']*)'$/.exec(filter) ?? [];
  if (property !== undefined) return objects.filter((object) => object[property] === value);
  const [, list, name, same, text] = /^(tags)\/any\((\w+):(\w+) eq '([^']*)'\)$/.exec(filter) ?? [];
  if (list !== undefined && name === same)
    return objects.filter((object) => (object[list] as string[]).includes(text ?? ''));
  throw badRequest('Unsupported or invalid query filter clause.', 'Request_UnsupportedQuery');
}

/** `$select` gives these properties and no others, not even the id. */
function selected(c: Context<EntraEnv>, object: GraphObject): Record<string, unknown> {
  const names = c.req.query('$select')?.split(',');
  if (names === undefined) return object;
  return Object.fromEntries(names.filter((name) => name in object).map((name) => [name, object[name]]));
}

async function bodyOf(c: Context<EntraEnv>): Promise<Record<string, unknown>> {
  const type = c.req.header('content-type') ?? '';
  try {
    const body: unknown = JSON.parse(await c.req.text());
    if (isRecord(body) && type.startsWith('application/json')) return body;
  } catch {
    // The answer below is the same.
  }
  throw badRequest('The body is not a JSON object.', 'BadRequest');
}
