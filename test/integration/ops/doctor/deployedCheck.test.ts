/** What the doctor says of the deployed app. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deployedCheck } from '../../../../ops/doctor/deployedCheck.ts';
import { examined, NOWHERE, type Stage, startStage } from './registeredStage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage.entra.close());

describe('deployed app', () => {
  const answers = new Map<string, { status: number; body?: unknown }>();
  const server = createServer((request, response) => {
    const { status, body } = answers.get(request.url ?? '') ?? { status: 404 };
    response.writeHead(status).end(body === undefined ? undefined : JSON.stringify(body));
  });
  let apiUrl: string;
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => void server.close());

  it.each([
    [
      204,
      { status: 200, body: { storage: 'ready', credential: 'accepted' } },
      ['ok', 'ok'],
      /accepts the app's credential/,
    ],
    [
      204,
      { status: 503, body: { storage: 'unreachable', credential: 'accepted' } },
      ['unreachable', 'ok'],
      /accepts/,
    ],
    [
      204,
      {
        status: 503,
        body: {
          storage: 'refused',
          storageCode: 'AuthorizationPermissionMismatch',
          credential: 'refused',
          code: 'AADSTS700213',
        },
      },
      ['wrong', 'wrong'],
      /credential \(AADSTS700213\)/,
    ],
    [
      204,
      { status: 503, body: { credential: 'accepted', storage: 'refused', storageCode: 'a b' } },
      ['wrong', 'ok'],
      /accepts/,
    ],
    [
      204,
      { status: 503, body: { storage: 'ready', credential: 'refused', code: 'AADSTS700213' } },
      ['ok', 'wrong'],
      /refuses .*\(AADSTS700213\)/,
    ],
    [
      204,
      { status: 503, body: { storage: 'ready', credential: 'unreachable', code: 'http_503' } },
      ['ok', 'unreachable'],
      /\(http_503\)/,
    ],
    [
      204,
      { status: 200, body: { storage: 'ready', credential: 'accepted', lastRunSecondsAgo: 300 } },
      ['ok', 'ok', 'ok'],
      /ended 300 s ago/,
    ],
    [
      204,
      { status: 200, body: { storage: 'ready', credential: 'accepted', lastRunSecondsAgo: 301 } },
      ['ok', 'ok', 'warn'],
      /ended 301 s ago/,
    ],
    [204, { status: 200, body: {} }, ['wrong'], /not that of this project/],
    [204, { status: 404 }, ['ok', 'skipped'], /cannot say/],
    [204, { status: 500 }, ['unreachable'], /answers 500/],
    [204, { status: 503, body: 'Service Unavailable' }, ['unreachable'], /answers 503/],
    [204, { status: 403 }, ['unreachable'], /answers 403/],
    [403, { status: 403 }, ['unreachable'], /answers 403/],
    [404, { status: 404 }, ['wrong'], /answers 404/],
    [503, { status: 404 }, ['unreachable'], /answers 503/],
  ])('answers %d, and then %j', async (alive, ready, states, says) => {
    answers.set('/api/health', { status: alive });
    answers.set('/api/health/ready', ready);
    const lines = await examined(deployedCheck, stage.settings, { args: ['--api-url', apiUrl] });
    expect(lines.map(({ state }) => state)).toEqual(states);
    expect(lines.at(-1)?.says).toMatch(says);
    for (const { state, command } of lines) {
      if (state === 'wrong' || state === 'unreachable') expect(command).toMatch(/^(?:az|npm run|curl) /);
    }
  });

  it('says which code of storage it was', async () => {
    const body = { storage: 'refused', storageCode: 'AuthorizationFailure', credential: 'accepted' };
    answers.set('/api/health', { status: 204 });
    answers.set('/api/health/ready', { status: 503, body });
    const [line] = await examined(deployedCheck, stage.settings, { args: ['--api-url', apiUrl] });
    expect(line).toMatchObject({ state: 'wrong', says: 'Storage refuses the app (AuthorizationFailure).' });
  });

  it('does not answer', async () => {
    expect(await examined(deployedCheck, stage.settings, { args: ['--api-url', NOWHERE] })).toEqual([
      expect.objectContaining({ state: 'unreachable', says: expect.stringContaining('ECONNREFUSED') }),
    ]);
  });

  it('is skipped if none is named', async () => {
    expect(await examined(deployedCheck, stage.settings)).toEqual([
      expect.objectContaining({ state: 'skipped' }),
    ]);
  });
});
