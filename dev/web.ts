import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono, type MiddlewareHandler } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import { type DemoControls, demoControls } from './demoControls.ts';

export type WebOptions = {
  /** 0 = any free port. */
  port: number;
  /** The built page. */
  root: string;
  /** The content of `/config.json`. The page may connect only to the API and the directory that it names. */
  config: Record<string, unknown>;
  /** The demo controls, which only a local platform has. */
  controls?: DemoControls;
};

export type Web = { origin: string; port: number; close(): Promise<void> };

/**
 * Serves the built page on loopback, as a static host would in production.
 * @throws {Error} The page is not built. If the port is taken, it is the system's own error.
 */
export async function startWeb(options: WebOptions): Promise<Web> {
  if (!existsSync(join(options.root, 'index.html'))) {
    throw new Error(`There is no page in ${options.root}: run "npm run build" first.`);
  }
  const server = createServer(getRequestListener(pages(options).fetch));
  server.listen(options.port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  return {
    origin: `http://localhost:${port}`,
    port,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function pages({ root, config, controls }: WebOptions): Hono {
  const directory = originsIn(config.authority, config.authorityMetadata);
  const app = new Hono();
  app.use(ownHeaders(root));
  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        // Pico's icons are data URLs, and a person's photo is a blob.
        imgSrc: ["'self'", 'data:', 'blob:'],
        connectSrc: ["'self'", ...originsIn(config.apiBaseUrl), ...directory],
        // MSAL renews a sign-in in a hidden frame. It shows the directory first, and then our redirect.html.
        frameSrc: ["'self'", ...directory],
        frameAncestors: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
      },
      strictTransportSecurity: false,
    }),
  );
  app.get('/config.json', (c) => c.json(config, 200, { 'Cache-Control': 'no-store' }));
  if (controls) app.route('/dev', demoControls(controls));
  app.get('*', async (c, next) => {
    const url = new URL(c.req.url);
    if (!['127.0.0.1', '[::1]'].includes(url.hostname)) return next();
    // The page's redirect URIs and its session belong to the name localhost.
    url.hostname = 'localhost';
    return c.redirect(url.href);
  });
  app.use('/assets/*', async (c, next) => {
    await next();
    // The names of these files change with their content, so a browser may keep them.
    if (c.res.ok) c.header('Cache-Control', 'public, max-age=31536000, immutable');
  });
  app.use('*', serveStatic({ root, onFound: (_path, c) => c.header('Cache-Control', 'no-cache') }));
  return app;
}

/**
 * The headers that the page wants from its host, as a static host would send them. Its policy is left out, because the
 * policy above contains the same and also names the origins.
 */
function ownHeaders(root: string): MiddlewareHandler {
  const { globalHeaders, routes } = JSON.parse(
    readFileSync(join(root, 'staticwebapp.config.json'), 'utf8'),
  ) as HostSettings;
  const { 'Content-Security-Policy': _, ...everywhere } = globalHeaders;
  return async (c, next) => {
    await next();
    const own = routes.find(({ route }) => route === c.req.path)?.headers ?? {};
    for (const [name, value] of Object.entries({ ...everywhere, ...own })) c.res.headers.set(name, value);
  };
}

type Headers = Record<string, string>;
type HostSettings = { globalHeaders: Headers; routes: { route: string; headers: Headers }[] };

/** The origins of every URL in some settings, those inside a string of JSON included. */
function originsIn(...settings: unknown[]): string[] {
  const urls = JSON.stringify(settings).match(/https?:\/\/[^\s"\\]+/g) ?? [];
  return [...new Set(urls.filter((url) => URL.canParse(url)).map((url) => new URL(url).origin))];
}
