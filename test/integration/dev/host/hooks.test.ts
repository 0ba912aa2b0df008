import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, spawnHost } from '../../../../dev/host/spawnHost.ts';
import { type App, makeApp, waitForLines } from './runApp.ts';

let app: App;
let host: Host;

beforeAll(async () => {
  app = makeApp({ app: 'hooksApp.ts' });
  host = await spawnHost({ root: app.folder, port: 0 });
});
afterAll(async () => {
  await host?.stop();
  app?.remove();
});

describe('hooks', () => {
  it('before and after an invocation can change inputs, handler and result', async () => {
    const answer = await fetch(`${host.origin}/api/hooked`);
    expect(await answer.json()).toEqual(['hooked', { jsonBody: ['added'] }]);
  });
  it('after an invocation can take an error away', async () => {
    expect((await fetch(`${host.origin}/api/mended`)).status).toBe(418);
    await waitForLines(host, /Executed 'mended' \(Succeeded/);
  });
  it('at start and end share their data, and the end comes before the exit', async () => {
    const other = await spawnHost({ root: app.folder, port: 0 });
    expect(await other.stop()).toBe(0);
    expect(other.lines.at(-1)).toBe('appTerminate, started: yes');
  });
});

describe('the log', () => {
  it('has one line for each call, with time, level and function; log hooks can change it', async () => {
    const invocationId = await (await fetch(`${host.origin}/api/logs`)).text();
    await waitForLines(host, /Executed 'logs'/);
    const lines = host.lines.filter((line) => line.includes(' logs ') || line.includes('log hook'));
    expect(
      lines.slice(1).map((line) => line.replace(/^\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\] /, '')),
    ).toEqual([
      'information logs an object { a: [ 1 ] } and %s',
      'warning logs two\\nlines\\n[2026-01-01T00:00:00.000Z] error forged line',
      'information logs ***',
      'error logs louder',
      'warning host A log hook failed: Error: the log hook failed',
      'information logs hook fails',
      expect.stringMatching(
        `^information logs Executed 'logs' \\(Succeeded, id=${invocationId}, \\d+ ms\\)$`,
      ),
    ]);
  });
  it('says why a function cannot be registered after the start', async () => {
    expect((await fetch(`${host.origin}/api/late`)).status).toBe(500);
    await waitForLines(host, / error late .*comes too late/);
  });
});
