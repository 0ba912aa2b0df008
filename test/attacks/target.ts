/** The functions as they are deployed, over the stand-in; only their stores are in memory, and count who calls. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type HttpHandler, HttpRequest, type HttpResponseInit, InvocationContext } from '@azure/functions';
import { SPA_CLIENT_ID, TENANT_ID } from '../../dev/entra/directory.ts';
import { type Entra, startEntra } from '../../dev/entra/startEntra.ts';
import { photo } from '../../functions/profile/photo.ts';
import { profile } from '../../functions/profile/profile.ts';
import type { AccountStore } from '../../shared/accountStore.ts';
import { createMemoryAccountStore } from '../../shared/adapters/memory/memoryAccountStore.ts';
import { createMemoryTokenCacheStore } from '../../shared/adapters/memory/memoryTokenCacheStore.ts';
import type { VerifyAccessToken } from '../../shared/ports.ts';
import { createFunctionHandlers } from '../../shared/serve/functionHandlers.ts';
import { createLocalApp } from '../../shared/testing/localApp.ts';
import { createShiftedClock } from '../../shared/testing/testClock.ts';
import type { TokenCacheStore } from '../../shared/tokenCacheStore.ts';
import type { Problem } from '../../shared/wire.ts';
import { control, journal, SPA_ORIGIN } from '../support/entraClients.ts';
import { keepErrorAnswer, keepLines, logScanFolder } from '../support/logScanKeep.ts';
import { UNLIMITED } from '../support/testApp.ts';
import { type Forge, openForge } from './forge.ts';
import type { Refusal } from './outcome.ts';

/** Every route that takes a user's token. */
export const ROUTES = [
  'GET /api/profile',
  'GET /api/profile/photo',
  'GET /api/connection',
  'PUT /api/connection',
  'DELETE /api/connection',
] as const;

/** The routes of a link, which have attacks of their own (`linkTicket.test.ts`, `linkCallback.test.ts`). */
export const LINK_ROUTES = [
  'POST /api/connection/link',
  'GET /api/connection/link',
  'GET /api/connection/link/callback',
] as const;

/** The route that takes an application's token. */
export const WAKE = 'POST /api/worker/run';

export type Route = (typeof ROUTES)[number] | typeof WAKE;

export type AttackRequest = {
  /** In Latin-1, as the host hands on bytes; undefined sends no such header. */
  authorization?: string | undefined;
  /** Instead of GET: a request of that method cannot have a body here. */
  method?: string;
  headers?: Record<string, string>;
  query?: Record<string, string>;
  params?: Record<string, string>;
  body?: string;
};

export type Answer = { status: number; headers: Headers; body: string; lines: string[] };

export type Target = {
  /** To the profile, if no route is given. */
  send(request: AttackRequest, route?: Route): Promise<Answer>;
  verify: VerifyAccessToken;
  accounts: AccountStore;
  tokenCache: TokenCacheStore;
  /** The entries of the index of due times. */
  entries: () => readonly object[];
  /** Calls of the stores so far, of any kind. */
  storeCalls(): number;
};

export type Settings = {
  allowedTenants?: string;
  allowedClients?: string;
  jwksUri?: string;
};

/** @param settings the applications' tenant and its page alone, if left out */
export function createTarget(entra: Entra, settings: Settings = {}): Target {
  let calls = 0;
  const count = () => {
    calls += 1;
  };
  const clock = createShiftedClock();
  const memory = createMemoryAccountStore({ clock });
  const memoryCache = createMemoryTokenCacheStore();
  const { stead } = createLocalApp(entra, {
    clock,
    accounts: counted(memory, count),
    tokenCache: counted(memoryCache, count),
    limits: UNLIMITED,
    settings: {
      ALLOWED_TENANTS: settings.allowedTenants ?? TENANT_ID,
      ALLOWED_CLIENT_IDS: settings.allowedClients ?? SPA_CLIENT_ID,
    },
    fetch: (address, init) => fetch(isKeys(address) && settings.jwksUri ? settings.jwksUri : address, init),
  });
  const verify = stead.services.verifyAccessToken;
  const { asUser, connection, runWorker } = createFunctionHandlers(stead);
  const handlers: Record<Route, HttpHandler> = {
    'GET /api/profile': asUser(profile),
    'GET /api/profile/photo': asUser(photo),
    'GET /api/connection': connection,
    'PUT /api/connection': connection,
    'DELETE /api/connection': connection,
    [WAKE]: runWorker,
  };
  return {
    verify,
    accounts: memory,
    tokenCache: memoryCache,
    entries: memory.index.entries,
    storeCalls: () => calls,
    async send(request, route = 'GET /api/profile') {
      const lines: string[] = [];
      const context = new InvocationContext({
        invocationId: crypto.randomUUID(),
        functionName: route,
        logHandler: (_level, ...line) => lines.push(line.join(' ')),
      });
      const result = (await handlers[route](requestOf(request, route), context)) as HttpResponseInit;
      const headers = new Headers(result.headers as Record<string, string>);
      const body = String(result.body ?? '');
      const status = result.status ?? 200;
      // The scan of the whole run sees hosts and fetches by itself; this handler is neither.
      keepLines(logScanFolder(), lines);
      if (status >= 400) {
        keepErrorAnswer(logScanFolder(), { challenge: headers.get('www-authenticate'), body });
      }
      return { status, headers, body, lines };
    },
  };
}

/** Whether it is where an authority publishes its keys. */
const isKeys = (address: Parameters<typeof fetch>[0]): boolean =>
  /\/discovery\/v2\.0\/keys(?:\?|$)/.test(String(address instanceof Request ? address.url : address));

function requestOf(
  { authorization, method, headers = {}, query = {}, params = {}, body }: AttackRequest,
  route: Route,
) {
  const [routeMethod = '', path] = route.split(' ');
  const url = new URL(`http://localhost${path}`);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return new HttpRequest({
    method: routeMethod === 'GET' ? (method ?? 'GET') : routeMethod,
    url: url.href,
    headers: { ...headers, ...(authorization === undefined ? {} : { authorization }) },
    query,
    params,
    ...(body === undefined ? {} : { body: { string: body } }),
  });
}

/** The same store, with each of its calls counted. */
function counted<Store extends object>(store: Store, count: () => void): Store {
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        count();
        return Reflect.apply(member, target, args);
      };
    },
  });
}

/** What a caller can tell of a refusal. */
export function refusalIn({ status, headers, body }: Answer): Refusal {
  const { code } = JSON.parse(body) as Problem;
  const error = /[ ,]error="([^"]*)"/.exec(headers.get('www-authenticate') ?? '')?.[1];
  return { status, error, code };
}

/** Exchanges that the directory was asked for so far. */
export const exchangesAt = async (entra: Entra): Promise<number> =>
  (await journal(entra)).filter((entry) => entry.grant === 'on_behalf_of').length;

/** A stand-in that publishes two keys, and who forges its tokens. */
export async function startAuthority(): Promise<{ entra: Entra; forge: Forge; stop: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'stead-attacks-'));
  const keyFile = join(folder, 'entra-key.json');
  const entra = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN], keyFile, consented: true });
  await control(entra, 'POST', '/keys/rotate');
  const forge = await openForge(entra.origin, keyFile);
  return {
    entra,
    forge,
    stop: async () => {
      forge.close();
      await entra.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
