import type { IncomingHttpHeaders } from 'node:http';

/** One call, as the services get it. */
export type Call = { method: string; url: URL; headers: IncomingHttpHeaders; body: Buffer };

/** What the services do for a run; `unknown` is whatever they do not speak. */
export type CallName = 'query' | 'rowRead' | 'transaction' | 'cacheRead' | 'cacheWrite' | 'token' | 'unknown';

export type Answer = {
  name: CallName;
  status: number;
  headers?: Record<string, string>;
  body?: string | Buffer;
};

export const notSpoken: Answer = { name: 'unknown', status: 501 };
