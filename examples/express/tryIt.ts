/** Tries the app with the stand-in for Entra and Graph: node tryIt.ts */
import { startEntra } from '@stead/shared/testing';
import { startApp } from './app.ts';

// Tokens of Graph last so shortly that each check has to refresh them.
const entra = await startEntra({ lifetimes: { graphAccessToken: 60 } });
const often = { REFRESH_IDLE_SECONDS: '1', REFRESH_MIN_INTERVAL_SECONDS: '1' };
const page = 'https://page.example';
const settings = { ...entra.settings, ...often, PAGE_ORIGIN: page };
const server = startApp(settings, { port: 0, everyMs: 1_000 });
await new Promise((resolve) => server.once('listening', resolve));
const address = server.address();
const origin = `http://localhost:${typeof address === 'object' ? address?.port : ''}`;
const { accessToken } = await entra.signIn('adele');
const signedIn = { headers: { authorization: `Bearer ${accessToken}` } };
const ask = async (path: string, init?: RequestInit) => {
  const answer = await fetch(origin + path, init);
  console.log(path, answer.status, answer.headers.get('www-authenticate'), await answer.json());
};

// A browser asks first whether a page of another origin may send this.
const preflight = await fetch(`${origin}/api/connection`, {
  method: 'OPTIONS',
  headers: {
    origin: page,
    'access-control-request-method': 'PUT',
    'access-control-request-headers': 'authorization,content-type',
  },
});
console.log('OPTIONS', preflight.status, Object.fromEntries(preflight.headers));
await ask('/api/me');
await ask('/api/me', signedIn);
// The user does nothing for a while, and the worker acts for them.
await new Promise((resolve) => setTimeout(resolve, 4_000));
await ask('/api/connection', signedIn);
await entra.close();
server.closeAllConnections();
server.close();
