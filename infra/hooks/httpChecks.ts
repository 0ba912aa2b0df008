/** What anybody can see of a deployment over HTTP. */
import { PlainError } from '../../ops/cli/errors.ts';
import type { RegisteredFunction } from '../../ops/cli/registeredFunctions.ts';
import { type Check, NotYet } from './check.ts';

const ANSWER_MS = 30_000;

/** The routes that need no access token. */
const OPEN = ['health', 'health/ready'];
/** The routes to which a browser comes with a ticket or a cookie, and without an access token. */
const FOR_BROWSERS = ['GET connection/link', 'GET connection/link/callback'];

/** The first of all: if it fails, the others would say the same once more. */
export const healthCheck = (api: string): Check => ({
  says: 'GET /api/health answers 204',
  run: async () => {
    const url = `${api}/api/health`;
    const { status } = await ask(url);
    if (status === 204) return;
    const hint =
      status === 404
        ? ' The app has no functions. Deploy the package (azd deploy api); if it is deployed, the log of the app says why it does not start.'
        : ' The app does not start. Its log in Application Insights says why.';
    throw new NotYet(`${url} answers ${status}, and not 204.${hint}`);
  },
});

export function apiChecks(api: string, functions: readonly RegisteredFunction[]): Check[] {
  const closed = functions.flatMap(({ http, mayBeAbsent }) =>
    http === undefined || OPEN.includes(http.route)
      ? []
      : http.methods.map((method) => {
          const isForBrowsers = FOR_BROWSERS.includes(`${method} ${http.route}`);
          const refusal = isForBrowsers ? 400 : 401;
          return { method, path: `/api/${http.route}`, mayBeAbsent, refusal };
        }),
  );
  return [
    { says: 'the app can use its storage, and Entra accepts its credential', run: () => expectReady(api) },
    ...closed.map(({ method, path, mayBeAbsent, refusal }) => ({
      says: `${method} ${path} without ${refusal === 401 ? 'an access token' : 'a ticket or a cookie'} answers ${refusal}${mayBeAbsent ? ', or 404 if it is switched off' : ''}`,
      run: () => expectClosed(`${api}${path}`, method, { mayBeAbsent, refusal }),
    })),
  ];
}

export const pageChecks = (api: string, page: string): Check[] => [
  { says: `CORS lets ${page} call the API`, run: () => expectCors(api, page) },
  { says: 'config.json of the page names this API', run: () => expectPage(page, api) },
];

/**
 * The app itself reads its storage, and asks Entra for one token with the client credentials flow. So an identity without
 * a role and a federated credential with a wrong subject are found here, and not by the first user.
 */
async function expectReady(api: string): Promise<void> {
  const url = `${api}/api/health/ready`;
  const response = await ask(url);
  if (response.status === 404) {
    throw new PlainError(
      `${url} answers 404: the deployed package is older than this checkout. Deploy it (azd deploy api).`,
    );
  }
  const { storage, storageCode, credential, code } = Object(await response.json().catch(() => undefined));
  if (response.status === 200 && storage === 'ready' && credential === 'accepted') return;
  const faults = [
    ...(storage === 'refused'
      ? [
          `Storage refuses the app (${codeOf(storageCode)}). "azd provision" gives its identity the roles, and a new role may take ten minutes. If the code is AuthorizationFailure, it is rather the firewall. docs/runbook.md, "Storage without keys".`,
        ]
      : []),
    ...(storage === 'unreachable'
      ? [
          'The app cannot reach its storage: an outage, a name without an address, or no way through the network. The event storage.unreachable of its log says why.',
        ]
      : []),
    ...(credential === 'refused'
      ? [
          `Entra refuses the credential of the app (${codeOf(code)}). Let the registration of the API trust the identity: "azd hooks run postprovision" if azd registers the applications, and otherwise the command that "npm run azure:handover" prints. docs/runbook.md, "The credential", has the codes.`,
        ]
      : []),
    ...(credential === 'unreachable'
      ? [`The app cannot reach Entra (${codeOf(code)}), so nobody knows whether its credential is right.`]
      : []),
  ];
  const says =
    faults.length > 0 ? faults.join(' ') : `${url} answers ${response.status}, and not what it should.`;
  throw new NotYet(says, Number(response.headers.get('retry-after')) * 1_000 || undefined);
}

const codeOf = (code: unknown): string =>
  typeof code === 'string' && /^[\w.-]{1,60}$/.test(code) ? code : 'no code';

async function expectClosed(
  url: string,
  method: string,
  { mayBeAbsent, refusal }: { mayBeAbsent: boolean; refusal: number },
): Promise<void> {
  const { status } = await ask(url, { method });
  if (status === refusal || (status === 404 && mayBeAbsent)) return;
  const hint =
    status === 404 ? 'The deployed package is older than this checkout: azd deploy api.' : 'Do not use it.';
  throw new PlainError(`${method} ${url} answers ${status}, and not ${refusal}. ${hint}`);
}

async function expectCors(api: string, page: string): Promise<void> {
  const headers = {
    origin: page,
    'access-control-request-method': 'GET',
    'access-control-request-headers': 'authorization',
  };
  const response = await ask(`${api}/api/profile`, { method: 'OPTIONS', headers });
  const allowed = response.headers.get('access-control-allow-origin');
  if (allowed === page) return;
  throw new PlainError(
    `The API lets ${allowed ?? 'no other origin'} call it, and not ${page}: PAGE_URI has to be its only origin under CORS. "azd provision" sets it; PAGE_ORIGIN is for a page with another address.`,
  );
}

async function expectPage(page: string, api: string): Promise<void> {
  const response = await ask(`${page}/config.json`);
  const config: unknown = response.ok ? await response.json().catch(() => undefined) : undefined;
  if (Object(config).apiBaseUrl === api) return;
  throw new NotYet(
    `${page}/config.json does not name ${api} as "apiBaseUrl": deploy the page (azd deploy web).`,
  );
}

async function ask(url: string, init: RequestInit = {}): Promise<Response> {
  try {
    return await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(ANSWER_MS) });
  } catch {
    throw new NotYet(`${url} gives no answer.`);
  }
}
