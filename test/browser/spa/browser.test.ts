import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../../../dev/launchBrowser.ts';
import { screenshot } from '../../support/browser.ts';

let server: Server;
let url: string;
let browser: Browser | undefined;

beforeAll(async () => {
  server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(
      '<!doctype html><title>Here</title><p></p><script>document.querySelector("p").append(6*7)</script>',
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://localhost:${(server.address() as AddressInfo).port}/`;
});

afterEach(async () => {
  await browser?.close();
  browser = undefined;
});

afterAll(() => {
  server.close();
  server.closeAllConnections();
});

async function render(): Promise<string> {
  const page = await (browser as Browser).newPage();
  await page.goto(url);
  expect(await page.title()).toBe('Here');
  return page.innerText('p');
}

describe('launchBrowser', () => {
  it('finds a browser that renders a local page and runs its script', async () => {
    browser = await launchBrowser();
    expect(await render()).toBe('42');
  });

  const bundledRunsHere = process.platform === 'linux' && process.arch === 'x64';
  it(`${bundledRunsHere ? 'renders with' : 'explains the absence of'} the bundled browser`, async () => {
    const launching = launchBrowser({ bundled: true });
    if (!bundledRunsHere) {
      await expect(launching).rejects.toThrow(/Install Google Chrome/);
      return;
    }
    browser = await launching;
    expect(await render()).toBe('42');
  });
});

describe('screenshot', () => {
  it('writes a PNG file and says where', async () => {
    browser = await launchBrowser();
    const page = await browser.newPage();
    await page.goto(url);
    expect(existsSync(await screenshot(page, 'browser-local-page'))).toBe(true);
  });
});
