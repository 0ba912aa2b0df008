import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export type AskedFor = { clientId: string | undefined; resource: string };
/** `none`: no answer at all. `reset`: the connection breaks. */
export type EndpointFault = 'none' | 'reset' | { status: number; body: string };

const API_VERSION = '2019-08-01';
const HOUR_S = 3_600;
const STORAGE = 'https://storage.azure.com';

/**
 * The identity endpoint of App Service, on loopback: it knows one secret header, one version of its API, the system-assigned
 * identity, and every user-assigned one whose client id is not refused. Its tokens have what Azurite looks at, and no
 * signature (https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference).
 */
export async function startIdentityEndpoint() {
  const faults: EndpointFault[] = [];
  const endpoint = {
    /** The variables that the platform gives to an app. */
    variables: { IDENTITY_ENDPOINT: '', IDENTITY_HEADER: randomUUID() },
    /** The header that is accepted now. */
    header: '',
    /** What was asked for with a right header, oldest first. */
    asked: [] as AskedFor[],
    /** Every request, right or wrong. */
    requests: 0,
    /** Seconds from now until a token ends. */
    lifetimeS: 24 * HOUR_S,
    /** The audience of the tokens. Default: the resource. */
    audience: undefined as string | undefined,
    /** Another such endpoint, and its header: it answers for every resource but storage, if it is set. */
    others: undefined as { url: string; header: string } | undefined,
    /** The client id of an identity that the app does not have. */
    unknown: randomUUID(),
    /** The next requests get these faults. */
    next: (...more: EndpointFault[]) => void faults.push(...more),
    /** Forgets what was asked, and all faults. */
    reset(): void {
      faults.length = 0;
      endpoint.asked.length = 0;
      endpoint.requests = 0;
      endpoint.lifetimeS = 24 * HOUR_S;
      endpoint.audience = undefined;
      endpoint.header = endpoint.variables.IDENTITY_HEADER;
    },
    token: (audience: string) => tokenFor(audience, endpoint.lifetimeS),
    async close(): Promise<void> {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  endpoint.header = endpoint.variables.IDENTITY_HEADER;

  const server = createServer((incoming, outgoing) => {
    endpoint.requests += 1;
    const answer = (status: number, body: unknown) =>
      outgoing.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const fault = faults.shift();
    if (fault === 'none') return;
    if (fault === 'reset') return void incoming.socket.destroy();
    if (fault !== undefined) return void outgoing.writeHead(fault.status).end(fault.body);

    const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://endpoint');
    const clientId = searchParams.get('client_id') ?? undefined;
    const resource = searchParams.get('resource') ?? '';
    if (incoming.headers['x-identity-header'] !== endpoint.header) {
      return void answer(401, { statusCode: 401, message: 'not for logs' });
    }
    if (incoming.method !== 'GET' || pathname !== '/msi/token' || resource === '') {
      return void answer(400, { statusCode: 400, message: 'not for logs' });
    }
    if (searchParams.get('api-version') !== API_VERSION || clientId === endpoint.unknown) {
      return void answer(400, { statusCode: 400, message: 'not for logs' });
    }
    endpoint.asked.push({ clientId, resource });
    if (endpoint.others !== undefined && resource !== STORAGE) {
      const { url, header } = endpoint.others;
      const headers = { 'x-identity-header': header };
      return void fetch(`${url}?${searchParams}`, { headers })
        .then(async (response) => answer(response.status, await response.json()))
        .catch(() => incoming.socket.destroy());
    }
    answer(200, {
      access_token: endpoint.token(endpoint.audience ?? resource),
      client_id: clientId,
      expires_on: String(nowS() + endpoint.lifetimeS),
      resource,
      token_type: 'Bearer',
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  endpoint.variables.IDENTITY_ENDPOINT = `http://127.0.0.1:${port}/msi/token`;
  return endpoint;
}

export type IdentityEndpoint = Awaited<ReturnType<typeof startIdentityEndpoint>>;

const nowS = (): number => Math.floor(Date.now() / 1_000);

/** A token that Azurite accepts if the audience is storage. Each one is different. */
export function tokenFor(audience: string, lifetimeS = HOUR_S): string {
  const claims = {
    iss: `https://sts.windows.net/${randomUUID()}/`,
    aud: audience,
    iat: nowS() - 60,
    nbf: nowS() - 60,
    exp: nowS() + lifetimeS,
    uti: randomUUID(),
  };
  const parts = [{ alg: 'RS256', typ: 'JWT' }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  return [...parts, 'bm90LXNpZ25lZA'].join('.');
}
