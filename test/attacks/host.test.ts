/** What only the real host shows: how bytes become headers, and what never reaches the function. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TableClient } from '@azure/data-tables';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Platform, startPlatform } from '../../dev/platform.ts';
import { control, signIn } from '../support/entraClients.ts';
import { type Forge, openForge } from './forge.ts';
import { INVALID, MALFORMED, MISSING, type Refusal } from './outcome.ts';
import { exchangesAt, ROUTES, refusalIn } from './target.ts';

let folder: string;
let platform: Platform;
let forge: Forge;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stead-attacks-host-'));
  platform = await startPlatform({ timers: false, withoutWeb: true, folder });
  // Who is forged here has consented, once and for real.
  await signIn(platform.entra, 'adele', { spaOrigin: platform.webOrigin });
  await control(platform.entra, 'POST', '/keys/rotate');
  forge = await openForge(platform.entra.origin, join(folder, 'entra-key.json'));
});
afterAll(async () => {
  forge?.close();
  await platform?.stop();
  await rm(folder, { recursive: true, force: true });
});

type RawAnswer = { status: number; headers: Headers; body: string };

/** Sends bytes as they are and reads until the host hangs up. */
async function sendRaw(lines: string[], target = 'GET /api/profile HTTP/1.1', body = ''): Promise<RawAnswer> {
  const socket = net.connect(platform.host.port, '127.0.0.1');
  await once(socket, 'connect');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  // It may hang up before it has read everything. `once` of the events would fail then.
  socket.on('error', () => {});
  const closed = new Promise((resolve) => socket.once('close', resolve));
  const head = [target, 'Host: localhost', 'Connection: close', ...lines, '', body].join('\r\n');
  socket.write(Buffer.from(head, 'latin1'));
  await closed;
  return parse(Buffer.concat(chunks).toString('latin1'));
}

function parse(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n');
  const pairs = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  return { status: Number(statusLine.split(' ')[1]), headers: new Headers(pairs), body: text.slice(end + 4) };
}

const valid = (): string => forge.signed(forge.claims());

async function rows(): Promise<number> {
  const table = TableClient.fromConnectionString(platform.azurite.connectionString, 'accountActivity', {
    allowInsecureConnection: true,
  });
  let count = 0;
  try {
    for await (const _row of table.listEntities()) count += 1;
  } catch (error) {
    // There is no table before there is a user.
    if ((error as { statusCode?: number }).statusCode !== 404) throw error;
  }
  return count;
}

const REFUSED: [name: string, lines: () => string[], expected: Refusal][] = [
  ['no Authorization header', () => [], MISSING],
  ['an empty one', () => ['Authorization:'], MISSING],
  [
    'two of them, the same',
    () => [`Authorization: Bearer ${valid()}`, `Authorization: Bearer ${valid()}`],
    MALFORMED,
  ],
  [
    'two of them, the second rubbish',
    () => [`Authorization: Bearer ${valid()}`, 'Authorization: Bearer x'],
    MALFORMED,
  ],
  [
    'two of them, the first rubbish',
    () => ['Authorization: Bearer x', `Authorization: Bearer ${valid()}`],
    MALFORMED,
  ],
  [
    'two of them in different cases',
    () => [`authorization: Bearer ${valid()}`, `AUTHORIZATION: Bearer ${valid()}`],
    MALFORMED,
  ],
  [
    'two of them of different schemes',
    () => ['Authorization: Basic eDp5', `Authorization: Bearer ${valid()}`],
    MALFORMED,
  ],
  ['a tab behind the scheme', () => [`Authorization: Bearer\t${valid()}`], INVALID],
  ['bytes beyond ASCII', () => [`Authorization: Bearer ${valid()}\u00c3\u00a9\u00ff`], INVALID],
  ['another function’s place for tokens', () => [`X-MS-TOKEN-AAD-ACCESS-TOKEN: ${valid()}`], MISSING],
  ['a forged principal of the platform’s own sign-in', () => ['X-MS-CLIENT-PRINCIPAL-ID: somebody'], MISSING],
  ['a token without a signature', () => [`Authorization: Bearer ${valid().replace(/[^.]+$/, '')}`], INVALID],
];

describe('the host', () => {
  it.each(REFUSED)('hands on %s, which is refused', async (_name, lines, expected) => {
    const exchanges = await exchangesAt(platform.entra);
    for (const route of ROUTES) {
      const answer = await sendRaw(lines(), `${route} HTTP/1.1`);
      expect(refusalIn({ ...answer, lines: [] }), route).toEqual(expected);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      expect(answer.headers.get('cache-control')).toBe('no-store');
    }
    expect(await exchangesAt(platform.entra)).toBe(exchanges);
  });

  it('hands on a token in the query, which is refused', async () => {
    const answer = await sendRaw([], `GET /api/profile?access_token=${valid()} HTTP/1.1`);
    expect(refusalIn({ ...answer, lines: [] })).toEqual(MISSING);
  });

  it('hands on a GET with a token in its body, which is refused', async () => {
    const body = `access_token=${valid()}`;
    const headers = ['Content-Type: application/x-www-form-urlencoded', `Content-Length: ${body.length}`];
    const answer = await sendRaw(headers, 'GET /api/profile HTTP/1.1', body);
    expect(refusalIn({ ...answer, lines: [] })).toEqual(MISSING);
  });

  it.each([
    'POST',
    'PUT',
    'DELETE',
    'PATCH',
    'HEAD',
    'OPTIONS',
    'TRACE',
  ])('has no %s for anybody but where it is said', async (method) => {
    const headers = [`Authorization: Bearer ${valid()}`, 'Content-Length: 0'];
    for (const path of new Set(ROUTES.map((route) => route.split(' ')[1]))) {
      if (ROUTES.some((route) => route === `${method} ${path}`)) continue;
      expect((await sendRaw(headers, `${method} ${path} HTTP/1.1`)).status, path).toBe(404);
    }
  });

  it.each([
    ['a control character', () => [`Authorization: Bearer ${valid()}\u0001`], 400],
    ['a NUL', () => [`Authorization: Bearer ${valid()}\0`], 400],
    ['a bare line feed', () => [`Authorization: Bearer\n ${valid()}`], 400],
    ['a folded line', () => ['Authorization: Bearer', ` ${valid()}`], 400],
    ['a space before the colon', () => [`Authorization : Bearer ${valid()}`], 400],
    ['two lengths', () => ['Content-Length: 1', 'Content-Length: 2'], 400],
    ['a length beside chunks', () => ['Content-Length: 1', 'Transfer-Encoding: chunked'], 400],
    ['a token of 1 MB', () => [`Authorization: Bearer ${'a'.repeat(1_000_000)}`], 431],
    [
      '1 MB in another header',
      () => [`Authorization: Bearer ${valid()}`, `X-Big: ${'a'.repeat(1_000_000)}`],
      431,
    ],
    [
      '1 MB in many headers',
      () => Array.from({ length: 10_000 }, (_, at) => `X-${at}: ${'a'.repeat(90)}`),
      431,
    ],
  ] as const)('itself refuses %s', async (_name, lines, status) => {
    const before = platform.host.lines.filter((line) => line.includes('request.')).length;
    expect((await sendRaw(lines())).status).toBe(status);
    expect(platform.host.lines.filter((line) => line.includes('request.'))).toHaveLength(before);
  });

  it('has kept nothing of all that, asked nobody, and answers a good token', async () => {
    expect(await rows()).toBe(0);
    expect(await exchangesAt(platform.entra)).toBe(0);
    expect((await sendRaw([`authorization: bearer ${valid()}`])).status).toBe(200);
    // Two of the account, and one that says since when no run has ended.
    expect(await rows()).toBe(3);
  });
});
