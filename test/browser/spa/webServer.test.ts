import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../../../dev/platform.ts';
import { startWeb, type Web } from '../../../dev/web.ts';
import { send } from '../../integration/dev/host/send.ts';
import { PAGE_ROOT } from './pageUnderTest.ts';

const CONFIG = {
  clientId: 'c8a05e50-0e99-4720-b92d-cd151a853e69',
  authority: 'https://login.example/tenant',
  authorityMetadata: JSON.stringify({ token_endpoint: 'http://tokens.example:8400/token' }),
  apiScope: 'api://af5685ae-b7e6-47f9-8961-29fc23c2e59c/access_as_user',
  apiBaseUrl: 'https://api.example:7071',
};

let web: Web;

beforeAll(async () => {
  web = await startWeb({ port: 0, root: PAGE_ROOT, config: CONFIG });
});
afterAll(() => web?.close());

const get = (path: string) => fetch(new URL(path, web.origin));

async function policy(): Promise<Map<string, string>> {
  const header = (await get('/')).headers.get('content-security-policy') ?? '';
  return new Map(
    header.split('; ').map((directive) => {
      const [name = '', ...values] = directive.split(' ');
      return [name, values.join(' ')];
    }),
  );
}

describe('startWeb', () => {
  it('serves the page and its hidden twin as HTML that is asked for anew each time', async () => {
    for (const path of ['/', '/index.html', '/redirect.html', '/admin.html']) {
      const response = await get(path);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toMatch(/^text\/html/);
      expect(response.headers.get('cache-control')).toBe('no-cache');
    }
  });

  it('lets hashed files be kept for good, with their types', async () => {
    const files = await readdir(join(PAGE_ROOT, 'assets'));
    const types = new Map([
      ['.js', /^text\/javascript/],
      ['.css', /^text\/css/],
    ]);
    for (const [ending, type] of types) {
      const response = await get(`/assets/${files.find((file) => file.endsWith(ending))}`);
      expect(response.headers.get('content-type')).toMatch(type);
      expect(response.headers.get('cache-control')).toContain('immutable');
    }
  });

  it('answers 404 for what is not there, and lets nobody keep that', async () => {
    for (const path of ['/nothing', '/assets/nothing.js', '/..%2f..%2fpackage.json']) {
      const response = await get(path);
      expect(response.status).toBe(404);
      expect(response.headers.get('cache-control')).toBeNull();
    }
  });

  it('gives the settings as they are, never from a cache', async () => {
    const response = await get('/config.json');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toEqual(CONFIG);
  });

  it('allows connections to the API and the directory, frames of the directory, and nothing unsafe', async () => {
    const directives = await policy();
    expect(directives.get('connect-src')).toBe(
      "'self' https://api.example:7071 https://login.example http://tokens.example:8400",
    );
    expect(directives.get('frame-src')).toBe("'self' https://login.example http://tokens.example:8400");
    expect(directives.get('default-src')).toBe("'none'");
    expect([...directives.values()].join(' ')).not.toMatch(/unsafe|\*/);
  });

  it('sends the headers that the page asks every host for', async () => {
    const { headers } = await get('/');
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'self'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
    expect((await get('/redirect.html')).headers.get('cross-origin-opener-policy')).toBe('unsafe-none');
  });

  it('sends what the documentation tells hosts to send', async () => {
    const file = await readFile(join(PAGE_ROOT, 'staticwebapp.config.json'), 'utf8');
    const { globalHeaders, routes } = JSON.parse(file) as {
      globalHeaders: Record<string, string>;
      routes: { route: string; headers: Record<string, string> }[];
    };
    const documentation = await readFile(join(ROOT, 'docs/hosting.md'), 'utf8');
    const rows = [...documentation.matchAll(/^\| `([^`]+)` \| `([^`]+)` \| `([^`]+)` \|/gm)];
    expect(rows.map(([, path, name, value]) => [path, name, value])).toEqual([
      ...Object.entries(globalHeaders).map(([name, value]) => ['*', name, value]),
      ...routes.flatMap(({ route, headers }) =>
        Object.entries(headers).map(([name, value]) => [route, name, value]),
      ),
    ]);
    for (const [, path = '', name = '', value = ''] of rows) {
      if (path.includes('assets')) continue;
      const sent = (await get(path === '*' ? '/' : path)).headers.get(name);
      if (name === 'Content-Security-Policy') expect(sent).toContain(value);
      else expect(sent).toBe(value);
    }
  });

  it.each([
    '/',
    '/redirect.html',
    '/assets/a.js?b=%2F',
    '//evil.example/',
  ])('leads 127.0.0.1%s to the name that the page has', async (path) => {
    for (const name of [`127.0.0.1:${web.port}`, `[::1]:${web.port}`]) {
      const { status, headers } = await send(web.port, path, { headers: { host: name } });
      expect([status, headers.location]).toEqual([302, `http://localhost:${web.port}${path}`]);
    }
    const { headers } = await send(web.port, path, { headers: { host: `localhost:${web.port}` } });
    expect(headers.location).toBeUndefined();
  });

  it('says what to do when the page is not built', async () => {
    const starting = startWeb({ port: 0, root: join(tmpdir(), 'no-page-here'), config: CONFIG });
    await expect(starting).rejects.toThrow('npm run build');
  });

  it("passes on the system's error for a taken port", async () => {
    const starting = startWeb({ port: web.port, root: PAGE_ROOT, config: CONFIG });
    await expect(starting).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});

describe('the built page', () => {
  it('holds no script or style that a strict content security policy would refuse', async () => {
    for (const path of ['/', '/redirect.html', '/admin.html']) {
      const html = await (await get(path)).text();
      expect(html).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/i);
    }
  });

  it('carries a policy of its own, which a host cannot forget', async () => {
    for (const path of ['index.html', 'redirect.html', 'admin.html']) {
      const html = await readFile(join(PAGE_ROOT, path), 'utf8');
      const [, own = ''] = /<meta http-equiv="Content-Security-Policy" content="([^"]+)">/.exec(html) ?? [];
      const policy = own.replaceAll('&#39;', "'");
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("script-src 'self';");
      expect(policy).not.toContain('unsafe');
      // The server of the local platform says the same, and only names the origins besides.
      const header = (await get('/')).headers.get('content-security-policy') ?? '';
      const fixed = (text: string) =>
        text
          .split('; ')
          .filter((directive) => !/^(?:connect-src|frame-src|frame-ancestors) /.test(directive))
          .toSorted();
      expect(fixed(policy)).toEqual(fixed(header));
      // It counts for what comes after it.
      expect(html.indexOf('http-equiv')).toBeLessThan(html.indexOf('<script'));
    }
  });

  it('ships a sample of its settings, and no settings', async () => {
    const files = await readdir(PAGE_ROOT);
    expect(files).toContain('config.sample.json');
    expect(files).not.toContain('config.json');
  });
});
