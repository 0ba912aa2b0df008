import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { hostForTest, makeAppForTest, runAppForTest, waitForLines } from './runApp.ts';
import { send } from './send.ts';

const HOUR_MS = 3_600_000;
const DAILY = { SLOW_SCHEDULE: '0 30 2 * * *' };

const timerOf = (line: string | undefined) => JSON.parse(line?.slice(line.indexOf('{')) ?? '');

describe('a timer function', () => {
  it('runs at start-up with runOnStartup, and keeps its status under .stead', async () => {
    const root = makeAppForTest({ app: 'timerApp.ts' });
    const host = await hostForTest({ root, port: 0, env: DAILY });
    const [line] = await waitForLines(host, / starts starts \{/);
    await waitForLines(host, /Executed 'starts' \(Succeeded/);
    expect(timerOf(line)).toMatchObject({
      isPastDue: false,
      schedule: { adjustForDST: true },
      scheduleStatus: { next: expect.stringMatching(/T02:30:00\.000Z$/), last: '0001-01-01T00:00:00' },
    });
    await host.stop();
    const { starts } = JSON.parse(readFileSync(path.join(root, '.stead', 'timerStatus.json'), 'utf8'));
    expect(starts).toEqual({
      Last: expect.stringMatching(/Z$/),
      Next: expect.stringMatching(/T02:30:00\.000Z$/),
      LastUpdated: starts.Last,
    });
  });

  it('runs once at start, past due, when it missed an occurrence', async () => {
    const root = makeAppForTest({ app: 'timerApp.ts' });
    const timerStatus = path.join(root, 'status.json');
    const last = new Date(Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 3 * HOUR_MS);
    const status = {
      Last: last.toISOString(),
      Next: new Date(last.getTime() + HOUR_MS).toISOString(),
      LastUpdated: last.toISOString(),
    };
    writeFileSync(timerStatus, JSON.stringify({ hourly: status }));
    const begun = Date.now();
    const host = await hostForTest({ root, port: 0, env: DAILY, timerStatus });
    const [line] = await waitForLines(host, / hourly hourly \{/);
    expect(timerOf(line)).toMatchObject({
      isPastDue: true,
      scheduleStatus: { last: status.Last, next: status.Next, lastUpdated: status.LastUpdated },
    });
    await waitForLines(host, /Executed 'hourly'/);
    await host.stop();
    expect(Date.parse(JSON.parse(readFileSync(timerStatus, 'utf8')).hourly.Next)).toBeGreaterThan(begun);
  });

  it('is not past due when its schedule was edited meanwhile, nor after an unreadable status file', async () => {
    const edited = {
      Last: '2020-01-01T00:10:00.000Z',
      Next: '2020-01-01T00:20:00.000Z',
      LastUpdated: '2020-01-01T00:10:00.000Z',
    };
    for (const content of [JSON.stringify({ hourly: edited }), '{ "hourly": ']) {
      const root = makeAppForTest({ app: 'timerApp.ts', files: { 'status.json': content } });
      const host = await hostForTest({
        root,
        port: 0,
        env: DAILY,
        timerStatus: path.join(root, 'status.json'),
      });
      expect(await host.run('hourly')).toBe('succeeded');
      const lines = await waitForLines(host, / hourly hourly \{/);
      expect(lines.filter((line) => timerOf(line).isPastDue)).toEqual([]);
    }
  });

  it('gets no status when its schedule can recur within a minute', async () => {
    const host = await runAppForTest({ app: 'timerApp.ts' }, { env: DAILY });
    await host.run('unmonitored');
    const [line] = await waitForLines(host, / unmonitored unmonitored \{/);
    expect(timerOf(line).scheduleStatus).toBeNull();
  });

  it('takes its schedule from a setting, and never overlaps itself, not even when run by hand', async () => {
    const host = await runAppForTest({ app: 'timerApp.ts' }, { env: { SLOW_SCHEDULE: '* * * * * *' } });
    expect(await Promise.all([host.run('slow'), host.run('slow')])).toEqual(['succeeded', 'succeeded']);
    await waitForLines(host, /Executed 'slow' \(Succeeded/, 4);
    expect(host.lines.filter((line) => / slow running /.test(line) && !line.endsWith('running 1'))).toEqual(
      [],
    );
  });

  it('does not run with a retry policy, which this host does not have, and says so', async () => {
    const host = await runAppForTest({ app: 'timerApp.ts' }, { env: DAILY });
    await waitForLines(host, / error retries Will not run: it has a retry policy/);
    await expect(host.run('retries')).rejects.toThrow('404');
    expect(await host.run('hourly')).toBe('succeeded');
  });

  it('waits for an occurrence that is farther away than a Node timer reaches', async () => {
    const host = await runAppForTest({ app: 'timerApp.ts' }, { env: DAILY });
    await host.run('hourly');
    await waitForLines(host, /Executed 'hourly'/);
    expect(host.lines.filter((line) => /Executed 'nextYear'|TimeoutOverflowWarning/.test(line))).toEqual([]);
  });

  it('does not run with a schedule that is malformed or names a missing setting; the others do', async () => {
    const host = await runAppForTest({ app: 'timerApp.ts' }, { env: DAILY });
    await waitForLines(host, / error malformed Will not run: "every day" is no schedule/);
    await waitForLines(host, / error unresolved Will not run: %NOT_SET% names a setting that is not set/);
    await expect(host.run('malformed')).rejects.toThrow('404');
    expect(await host.run('hourly')).toBe('succeeded');
  });

  it.each([
    'AzureWebJobs.off.Disabled',
    'AzureWebJobs_off_Disabled',
  ])('does not run when %s is 1', async (key) => {
    const host = await runAppForTest({ app: 'timerApp.ts' }, { env: { ...DAILY, [key]: '1' } });
    await expect(host.run('off')).rejects.toThrow('404');
    await waitForLines(host, /Executed 'starts'/);
    expect(host.lines.join('\n')).toContain(` off Disabled by the setting ${key}`);
    expect(host.lines.join('\n')).not.toContain("Executed 'off'");
  });

  it('runs in UTC, whatever the machine is set to', async () => {
    const host = await runAppForTest(
      {
        files: {
          'main.js': `import { app } from '@azure/functions';
            app.timer('zone', { schedule: '0 0 0 * * *', handler: (_, context) => context.log(String(new Date(0))) });`,
        },
      },
      { env: { TZ: 'Asia/Tokyo' } },
    );
    await host.run('zone');
    await waitForLines(host, / zone Thu Jan 01 1970 00:00:00 GMT\+0000/);
  });
});

describe('POST /admin/functions/NAME', () => {
  const post = (url: string, init: RequestInit = {}) =>
    fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"input":"x"}',
      ...init,
    });

  it('answers 202 at once and runs the function', async () => {
    const host = await runAppForTest({ app: 'timerApp.ts' }, { env: DAILY });
    expect((await post(`${host.origin}/admin/functions/gated`)).status).toBe(202);
    expect(host.lines.join('\n')).not.toContain("Executed 'gated'");
    await fetch(`${host.origin}/api/open`);
    await waitForLines(host, /Executed 'gated' \(Succeeded/);
  });

  it('tells how the run ended with wait=true', async () => {
    const host = await runAppForTest({ app: 'timerApp.ts' }, { env: DAILY });
    for (const [name, status] of [
      ['slow', 'succeeded'],
      ['fails', 'failed'],
    ]) {
      const answer = await post(`${host.origin}/admin/functions/${name}?wait=true`);
      expect([answer.status, await answer.json()]).toEqual([200, { status }]);
      await waitForLines(host, new RegExp(`Executed '${name}' \\(${status}`, 'i'));
    }
  });

  it('refuses what it cannot run, with the right status', async () => {
    const host = await runAppForTest({ app: 'timerApp.ts' }, { env: DAILY });
    const url = `${host.origin}/admin/functions`;
    expect((await post(`${url}/unknown`)).status).toBe(404);
    expect((await post(`${url}/open`)).status).toBe(404);
    expect((await fetch(`${url}/nextYear`)).status).toBe(404);
    expect((await post(`${url}/nextYear`, { body: '[' })).status).toBe(400);
    expect((await post(`${url}/nextYear`, { body: 'null' })).status).toBe(400);
    expect((await post(`${url}/nextYear`, { headers: { 'content-type': 'text/plain' } })).status).toBe(415);
    expect(host.lines.join('\n')).not.toContain("Executed 'nextYear'");
  });

  it('is refused to the pages of other sites, whatever name or origin they come by', async () => {
    const host = await runAppForTest({ app: 'timerApp.ts' }, { env: DAILY, cors: '*' });
    const statusOf = async (
      headers: Record<string, string>,
      path = '/admin/functions/nextYear?wait=true',
    ) => {
      const all = { host: `localhost:${host.port}`, 'content-type': 'application/json', ...headers };
      return (await send(host.port, path, { method: 'POST', headers: all, body: '{}' })).status;
    };
    for (const name of [
      'rebound.example',
      `rebound.example:${host.port}`,
      `localhost.rebound.example:${host.port}`,
      `127.0.0.1.rebound.example:${host.port}`,
      '0.0.0.0',
    ]) {
      expect([name, await statusOf({ host: name })]).toEqual([name, 421]);
    }
    for (const origin of [
      'https://evil.example',
      'null',
      '',
      `http://localhost:${host.port + 1}`,
      `https://localhost:${host.port}`,
      `http://localhost:${host.port}.evil.example`,
      `http://127.0.0.1:${host.port}`,
    ]) {
      expect([origin, await statusOf({ origin })]).toEqual([origin, 403]);
    }
    expect(await statusOf({ origin: 'https://evil.example' }, '/admin/functions/unknown')).toBe(403);
    expect(host.lines.join('\n')).not.toContain("Executed 'nextYear'");

    for (const name of [
      `localhost:${host.port}`,
      `127.0.0.1:${host.port}`,
      `[::1]:${host.port}`,
      'LOCALHOST',
    ]) {
      expect([name, await statusOf({ host: name })]).toEqual([name, 200]);
      expect([name, await statusOf({ host: name, origin: `http://${name}` })]).toEqual([name, 200]);
    }
  });

  it('leaves the functions themselves to CORS', async () => {
    const host = await runAppForTest({ app: 'timerApp.ts' }, { env: DAILY });
    const headers = { host: 'proxied.example', origin: 'https://other.example' };
    expect((await send(host.port, '/api/open', { headers })).status).toBe(204);
  });
});
