/** The least that a function can do: one request to Graph with a token that is always the same. It is no application. */
import { app } from '@azure/functions';
import './usage.ts';

const { GRAPH_BASE_URL } = process.env;
const headers = { authorization: `Bearer ${'x'.repeat(1_200)}` };

app.http('profile', {
  methods: ['GET'],
  authLevel: 'anonymous',
  route: 'profile',
  handler: async () => {
    const response = await fetch(`${GRAPH_BASE_URL}/v1.0/me`, { headers });
    return { jsonBody: await response.json() };
  },
});
