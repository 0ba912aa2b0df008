import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { apiChecks, healthCheck, pageChecks } from '../../../../infra/hooks/httpChecks.ts';
import type { RegisteredFunction } from '../../../../ops/cli/registeredFunctions.ts';

const API = 'https://func-1.example.net';
const PAGE = 'https://page-1.example.net';
const http = (route: string, ...methods: string[]): RegisteredFunction => ({
  name: route,
  mayBeAbsent: ['worker/run', 'connection/link', 'connection/link/callback'].includes(route),
  http: { route, methods },
});
const FUNCTIONS: RegisteredFunction[] = [
  http('health', 'GET'),
  http('health/ready', 'GET'),
  http('profile', 'GET'),
  http('connection', 'GET', 'PUT'),
  http('worker/run', 'POST'),
  http('connection/link', 'GET', 'POST'),
  http('connection/link/callback', 'GET'),
  { name: 'refreshWorker', mayBeAbsent: false },
];

type Answer = { status: number; headers?: Record<string, string>; body?: string };

const ready = (body: object, status = 200): Answer => ({
  status,
  body: JSON.stringify({ storage: 'ready', credential: 'accepted', ...body }),
});

let answers: Record<string, Answer>;
beforeEach(() => {
  answers = {
    [`GET ${API}/api/health`]: { status: 204 },
    [`GET ${API}/api/health/ready`]: ready({}),
    [`GET ${API}/api/profile`]: { status: 401 },
    [`GET ${API}/api/connection`]: { status: 401 },
    [`PUT ${API}/api/connection`]: { status: 401 },
    [`POST ${API}/api/worker/run`]: { status: 401 },
    [`POST ${API}/api/connection/link`]: { status: 401 },
    [`GET ${API}/api/connection/link`]: { status: 400 },
    [`GET ${API}/api/connection/link/callback`]: { status: 400 },
    [`OPTIONS ${API}/api/profile`]: { status: 204, headers: { 'access-control-allow-origin': PAGE } },
    [`GET ${PAGE}/config.json`]: { status: 200, body: JSON.stringify({ apiBaseUrl: API }) },
  };
  vi.stubGlobal('fetch', async (url: string, { method = 'GET' }: RequestInit) => {
    const { status, headers, body } = answers[`${method} ${url}`] ?? { status: 500 };
    return new Response(body ?? null, { status, ...(headers && { headers }) });
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

/** What does not pass, and why. */
async function faults(): Promise<string[]> {
  const all = [healthCheck(API), ...apiChecks(API, FUNCTIONS), ...pageChecks(API, PAGE)];
  const found = await Promise.allSettled(all.map(({ run }) => run()));
  return found.flatMap((one) => (one.status === 'rejected' ? [one.reason.message] : []));
}

it('finds nothing if everything is as it should be', async () => {
  expect(await faults()).toEqual([]);
});

it('lets a function under a condition be absent', async () => {
  answers[`POST ${API}/api/worker/run`] = { status: 404 };
  expect(await faults()).toEqual([]);
});

it.each<[string, Answer, RegExp]>([
  [`GET ${API}/api/health`, { status: 404 }, /answers 404, and not 204\. The app has no functions\./],
  [`GET ${API}/api/health`, { status: 503 }, /answers 503, and not 204\. The app does not start\./],
  [
    `GET ${API}/api/connection`,
    { status: 404 },
    /^GET .*\/api\/connection answers 404, and not 401\. .* azd deploy api\.$/,
  ],
  [`GET ${API}/api/connection/link`, { status: 303 }, /\/link answers 303, and not 400\. Do not use it\.$/],
  [`POST ${API}/api/connection/link`, { status: 200 }, /\/link answers 200, and not 401\. Do not use it\.$/],
  [`GET ${API}/api/profile`, { status: 200 }, /\/api\/profile answers 200, and not 401\. Do not use it\.$/],
  [`PUT ${API}/api/connection`, { status: 204 }, /^PUT .*\/api\/connection answers 204, and not 401\./],
  [
    `GET ${API}/api/health/ready`,
    { status: 404 },
    /older than this checkout\. Deploy it \(azd deploy api\)\.$/,
  ],
  [`GET ${API}/api/health/ready`, { status: 500 }, /\/ready answers 500, and not what it should\.$/],
  [
    `GET ${API}/api/health/ready`,
    { status: 200, body: '{}' },
    /\/ready answers 200, and not what it should\.$/,
  ],
  [
    `GET ${API}/api/health/ready`,
    ready({ storage: 'unreachable' }, 503),
    /^The app cannot reach its storage: an outage, .* The event storage\.unreachable of its log says why\.$/,
  ],
  [
    `GET ${API}/api/health/ready`,
    ready({ storage: 'refused', storageCode: 'AuthorizationPermissionMismatch' }, 503),
    /^Storage refuses the app \(AuthorizationPermissionMismatch\)\. "azd provision" gives .*"Storage without keys"\.$/,
  ],
  [
    `GET ${API}/api/health/ready`,
    ready({ credential: 'refused', code: 'AADSTS700213' }, 503),
    /^Entra refuses the credential of the app \(AADSTS700213\)\. .*"azd hooks run postprovision"/,
  ],
  [
    `GET ${API}/api/health/ready`,
    ready({ credential: 'unreachable', code: 'anna@example.org says no' }, 503),
    /^The app cannot reach Entra \(no code\)/,
  ],
  [
    `OPTIONS ${API}/api/profile`,
    { status: 204 },
    /^The API lets no other origin call it, .* "azd provision" sets it/,
  ],
  [
    `OPTIONS ${API}/api/profile`,
    { status: 204, headers: { 'access-control-allow-origin': '*' } },
    /^The API lets \* call it/,
  ],
  [`GET ${PAGE}/config.json`, { status: 200, body: '<html>' }, /config\.json does not name .*azd deploy web/],
  [`GET ${PAGE}/config.json`, { status: 404 }, /config\.json does not name https:/],
])('names the cause and what to do if %s answers %j', async (request, answer, sentence) => {
  answers[request] = answer;
  expect(await faults()).toEqual([expect.stringMatching(sentence)]);
});
