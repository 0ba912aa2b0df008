/** All requests to the server and how they were answered, for tests and for people. It never holds a token. */
import type { HttpBindings } from '@hono/node-server';
import type { MiddlewareHandler } from 'hono';

export type JournalEntry = {
  /** When the request arrived: ISO 8601, UTC. */
  at: string;
  endpoint: 'authorize' | 'token' | 'logout' | 'discovery' | 'jwks' | 'graph' | 'identity';
  grant?: 'authorization_code' | 'refresh_token' | 'on_behalf_of' | 'client_credentials';
  /** The user's short name. */
  user?: string;
  client?: string;
  /** HTTP status; 0 until there is an answer, and it stays 0 if the connection ended without one. */
  status: number;
  /** The OAuth or Graph error code that was answered. */
  error?: string;
};

/** Hono's environment for every route of the server. */
export type EntraEnv = { Bindings: HttpBindings; Variables: { entry: JournalEntry } };

export type Journal = {
  /** Middleware that opens an entry when a request arrives and closes it with the answer. */
  record(endpoint: JournalEntry['endpoint']): MiddlewareHandler<EntraEnv>;
  /** Oldest first. */
  entries(): readonly JournalEntry[];
  clear(): void;
};

const MOST_ENTRIES = 10_000;

export function createJournal(): Journal {
  let entries: JournalEntry[] = [];
  return {
    record: (endpoint) => async (c, next) => {
      const entry: JournalEntry = { at: new Date().toISOString(), endpoint, status: 0 };
      if (entries.length === MOST_ENTRIES) entries.shift();
      entries.push(entry);
      c.set('entry', entry);
      await next();
      if (!c.env.incoming.socket.destroyed) entry.status = c.res.status;
    },
    entries: () => entries,
    clear: () => {
      entries = [];
    },
  };
}
