/** Graph's registrations, reached without a network, in a time that passes as soon as somebody waits. */
import { applicationEndpoints, GRAPH_TOKENS } from '../../dev/entra/applicationEndpoints.ts';
import {
  type Applications,
  type ApplicationsOptions,
  createApplications,
} from '../../dev/entra/applications.ts';
import type { GraphObject } from '../../dev/entra/graphTable.ts';
import type { Wish } from '../../ops/entra/applicationWish.ts';
import { connectGraph, type Graph } from '../../ops/entra/graphClient.ts';
import type { Clock } from '../../shared/clock.ts';
import { PUBLIC_CLOUD } from '../../shared/clouds.ts';

export const GRAPH = 'https://graph.microsoft.com';
export const MANAGED_IDENTITY = '11111111-2222-4333-8444-555555555555';

export type Sent = { method: string; path: string; body: unknown };

/** What happens to a request in place of its answer, or undefined. It may let the request pass before. */
export type Interfere = (sent: Sent, pass: () => Promise<Response>) => Promise<Response> | undefined;

export type GraphDirectory = {
  directory: Applications;
  clock: Clock;
  /** The changes that reached Graph, in order. */
  writes: Sent[];
  /** All requests. */
  requests: Sent[];
  /** Is asked for each request; replaced by tests. */
  interfere: Interfere;
  /** How long was waited, in milliseconds. */
  waitedMs(): number;
  connect(token?: string): Graph;
  /** Lines that were told to whoever waits. */
  told: string[];
};

export function createGraphDirectory(
  options: Omit<ApplicationsOptions, 'now'> & { pageSize?: number } = {},
): GraphDirectory {
  const start = Date.parse('2026-11-20T09:00:00Z');
  let at = start;
  const clock: Clock = {
    now: () => new Date(at),
    elapsed: () => at - start,
    after(ms, act) {
      at += ms;
      const timer = setImmediate(act);
      return () => clearImmediate(timer);
    },
    timeout: () => new AbortController().signal,
    newId: () => '00000000-0000-4000-8000-000000000001',
    random: () => 0,
  };
  const { pageSize = 100, ...more } = options;
  const directory = createApplications({ ...more, now: () => at });
  const app = applicationEndpoints(directory, { pageSize });
  const graph: GraphDirectory = {
    directory,
    clock,
    writes: [],
    requests: [],
    interfere: () => undefined,
    told: [],
    waitedMs: () => at - start,
    connect: (token = GRAPH_TOKENS.administrator) =>
      connectGraph({ graph: GRAPH, token, fetch: fetchOf, clock, tell: (line) => graph.told.push(line) }),
  };

  async function fetchOf(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    const request = new Request(input, init);
    const { pathname, search } = new URL(request.url);
    const text = await request.clone().text();
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    const sent = { method: request.method, path: pathname.replace('/v1.0', '') + search, body };
    graph.requests.push(sent);
    // A request takes time, too.
    at += 20;
    const pass = async (): Promise<Response> => {
      if (request.method !== 'GET') graph.writes.push(sent);
      return app.request(request);
    };
    return graph.interfere(sent, pass) ?? pass();
  }
  return graph;
}

export const wishOf = (more: Partial<Wish> = {}): Wish => ({
  name: 'stead',
  pageUrls: ['http://localhost:3000'],
  permissions: ['User.Read'],
  managedIdentity: undefined,
  wakeWorker: false,
  linkUrl: undefined,
  adminConsent: false,
  multiTenant: false,
  apiClientId: undefined,
  pageClientId: undefined,
  cloud: PUBLIC_CLOUD,
  ...more,
});

export const EVERYTHING: Partial<Wish> = {
  permissions: ['User.Read', 'Mail.Read'],
  managedIdentity: MANAGED_IDENTITY,
  wakeWorker: true,
  linkUrl: 'https://api.example/api/connection/link/callback',
  adminConsent: true,
};

/** What a directory has in the end, with names in the places of the ids that differ from one run to the next. */
export function contentOf({ directory }: GraphDirectory): Record<string, string[]> {
  const names = new Map<unknown, string>();
  for (const { id, appId, displayName } of directory.applications.newest()) {
    names.set(id, `${displayName} id`).set(appId, `${displayName} appId`);
  }
  for (const { id, displayName } of directory.principals.newest()) names.set(id, `${displayName} principal`);
  for (const { id } of directory.credentials.newest()) names.set(id, 'credential');
  for (const { id } of directory.grants.newest()) names.set(id, 'grant');
  for (const { id } of directory.assignments.newest()) names.set(id, 'assignment');
  const textOf = ({ createdDateTime: _, ...object }: GraphObject): string =>
    JSON.stringify(object).replaceAll(
      /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g,
      (id) => names.get(id) ?? id,
    );
  return Object.fromEntries(
    (['applications', 'principals', 'credentials', 'grants', 'assignments'] as const).map((table) => [
      table,
      directory[table].newest().map(textOf).sort(),
    ]),
  );
}
