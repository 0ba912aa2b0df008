import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ALL_USERS, DEMO_USERS } from '../../dev/entra/directory.ts';
import { encodeClaims } from '../../shared/tokens/challenge.ts';
import { canariesOf, SECRETS, scanLogs, secretsIn } from '../support/logScan.ts';
import { keepErrorAnswer } from '../support/logScanKeep.ts';

const CLAIMS = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';
const [ADELE] = DEMO_USERS;

describe('secretsIn', () => {
  it.each(SECRETS)('finds $kind', ({ kind, example }) => {
    expect(secretsIn(`[2026-01-02T03:04:05.678Z] information profile ${example} and more`)).toContain(kind);
    expect(secretsIn(JSON.stringify({ event: 'x', why: JSON.stringify({ of: example }) }))).toContain(kind);
  });

  it.each(ALL_USERS)("finds $name's names and ids, in any case and percent-encoded", (user) => {
    for (const value of [
      user.displayName,
      user.upn,
      user.oid,
      user.homeOid,
      user.profile.userPrincipalName,
    ]) {
      expect(secretsIn(`a ${value} b`)).not.toEqual([]);
      expect(secretsIn(`a ${value.toUpperCase()} b`)).not.toEqual([]);
      expect(secretsIn(`https://host/${encodeURIComponent(value)}?x=1`)).not.toEqual([]);
    }
  });

  it('finds a real token, whole and cut short', async () => {
    const token = await new SignJWT({ oid: ADELE.oid })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(new Uint8Array(32));
    expect(secretsIn(`Error at ${token}`)).not.toEqual([]);
    expect(secretsIn(`Error at ${token.slice(0, 30)}...`)).not.toEqual([]);
  });

  it.each([
    '{"event":"request.failed","status":503,"ms":12,"code":"UNAVAILABLE","error":"UnavailableError<StorageError:ECONNREFUSED","correlationId":"74c201f7-9bfc-448b-ba81-6aafffda5c00"}',
    '{"event":"account.seen-first","user":"b1f576b039105ce0"}',
    'Bearer error="invalid_token", error_description="The signature of the access token is not valid."',
    'Send an access token: "Authorization: Bearer <token>".',
    '[2026-11-22T23:11:05.047Z] information host Listening on http://localhost:45331',
    '    at file:///home/x/node_modules/@azure/functions/dist/index.js:12:3',
    'ENTRA_CLIENT_SECRET: is missing. Give the value (not the id) of a client secret of the API.',
    "  code: 'ERR_MODULE_NOT_FOUND',",
  ])('finds nothing in: %s', (line) => {
    expect(secretsIn(line)).toEqual([]);
  });
});

describe('scanLogs', () => {
  const canaries = canariesOf('run');
  const planted = { file: 'a.log', lines: canaries.map(({ line }) => line) };

  it('says file, line and kind of a finding, and never the value', () => {
    const leak = { file: 'b.log', lines: ['a line', `user ${ADELE.oid}`] };
    const { missed, findings } = scanLogs([planted, leak], canaries);
    expect(missed).toEqual([]);
    expect(findings).toEqual([{ file: 'b.log', line: 2, kind: "a user's object id or home object id" }]);
  });

  it('takes a canary for one as a whole line of this run only', () => {
    const [canary] = canaries;
    const lines = [`${canary?.line} and more`, ...canariesOf('another run').map(({ line }) => line)];
    const { findings } = scanLogs([planted, { file: 'b.log', lines }], canaries);
    expect(new Set(findings.map(({ line }) => line)).size).toBe(lines.length);
  });

  it('says which canaries it misses', () => {
    expect(scanLogs([], canaries).missed).toEqual(canaries);
    const blind = [{ line: 'nothing to find here', kind: 'a bearer token' }];
    expect(scanLogs([{ file: 'a.log', lines: ['nothing to find here'] }], blind).missed).toEqual(blind);
  });
});

describe('keepErrorAnswer', () => {
  async function kept(challenge: string | null, body: string): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'stead-error-answers-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    keepErrorAnswer(folder, { challenge, body });
    return readFile(join(folder, `test-${process.pid}.log`), 'utf8');
  }
  const problem = (more: object) => JSON.stringify({ title: 'Unauthorized', ...more });

  it('keeps challenge and body', async () => {
    expect(await kept('Bearer', problem({}))).toBe('Bearer\n{"title":"Unauthorized"}\n');
    expect(await kept(null, 'text')).toBe('text\n');
  });

  it('leaves out the claims of a claims challenge, and of nothing else', async () => {
    const encoded = encodeClaims(CLAIMS);
    const challenged = `Bearer error="insufficient_claims", claims="${encoded}"`;
    expect(secretsIn(await kept(challenged, problem({ claims: CLAIMS })))).toEqual([]);
    expect(secretsIn(await kept(challenged, problem({ detail: CLAIMS })))).not.toEqual([]);
    expect(secretsIn(await kept('Bearer', problem({ claims: CLAIMS })))).not.toEqual([]);
    expect(secretsIn(await kept(`Bearer claims="${encoded}"`, problem({})))).not.toEqual([]);
  });
});
