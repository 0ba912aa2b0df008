/**
 * What this project owes to every request, and nothing more: Microsoft's client of Graph, a time-out, one line in the log and
 * the headers of its answers. It verifies nobody and remembers nothing.
 */
import { app } from '@azure/functions';
import { Client } from '@microsoft/microsoft-graph-client';
import './usage.ts';

const { GRAPH_BASE_URL } = process.env;
const TOKEN = 'x'.repeat(1_200);
const HEADERS = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Access-Control-Expose-Headers': 'WWW-Authenticate, Retry-After',
  'Content-Type': 'application/json',
};

app.http('profile', {
  methods: ['GET'],
  authLevel: 'anonymous',
  route: 'profile',
  handler: async (_request, context) => {
    const begun = performance.now();
    const signal = AbortSignal.timeout(10_000);
    const graph = Client.initWithMiddleware({
      baseUrl: GRAPH_BASE_URL ?? '',
      middleware: {
        async execute(call) {
          const { headers } = (call.options ?? {}) as { headers?: Record<string, string> };
          const sent = { ...headers, Authorization: `Bearer ${TOKEN}` };
          call.response = await fetch(String(call.request), { headers: sent, signal });
        },
      },
    });
    const user: unknown = await graph.api('/me').get();
    const ms = Math.round(performance.now() - begun);
    context.info(JSON.stringify({ event: 'request.answered', status: 200, ms, user: '0123456789abcdef' }));
    return { status: 200, headers: HEADERS, body: JSON.stringify(user) };
  },
});
