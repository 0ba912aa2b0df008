/**
 * Forwards the page's demo controls. They are on the page's own origin, so that no other origin has to allow the page.
 */
import { type Context, Hono } from 'hono';

export type ControlOrigins = {
  /** The stand-in. */
  entra: string;
  /** The functions host. */
  functions: string;
};

/** The routes under `/dev`: only those for which the page has a control. */
export function demoControls({ entra, functions }: ControlOrigins): Hono {
  const app = new Hono();

  // A foreign name that resolves to loopback (DNS rebinding) would make any site same-origin with this page.
  app.use(async (c, next) => {
    if (!/^(?:localhost|127\.0\.0\.1)(?::\d+)?$/.test(c.req.header('host') ?? '')) {
      return c.text('The demo controls answer to loopback names only.', 421);
    }
    return next();
  });
  // Any web page can send a form or plain text here. For JSON its browser asks with a preflight, which is never
  // allowed.
  app.on(['PUT', 'POST'], '*', async (c, next) => {
    if (!/^application\/json\s*(?:;|$)/i.test(c.req.header('content-type') ?? '')) {
      return c.text('Send JSON: content-type: application/json', 415);
    }
    return next();
  });

  app.on(['PUT', 'DELETE'], '/users/:name{[a-z0-9]+}/fault', (c) =>
    forward(c, `${entra}/dev/users/${c.req.param('name')}/fault`),
  );
  app.put('/lifetimes', (c) => forward(c, `${entra}/dev/lifetimes`));
  app.get('/requests', (c) => forward(c, `${entra}/dev/requests`));
  app.post('/worker', (c) => forward(c, `${functions}/admin/functions/refreshWorker?wait=true`));
  return app;
}

async function forward(c: Context, url: string): Promise<Response> {
  const { method } = c.req;
  const withBody = method === 'PUT' || method === 'POST';
  try {
    const answer = await fetch(url, {
      method,
      redirect: 'error',
      ...(withBody && { headers: { 'Content-Type': 'application/json' }, body: await c.req.text() }),
    });
    const type = answer.headers.get('content-type');
    return new Response(answer.body, {
      status: answer.status,
      headers: { 'Cache-Control': 'no-store', ...(type !== null && { 'Content-Type': type }) },
    });
  } catch {
    return c.text('The part that this controls does not answer.', 502);
  }
}
