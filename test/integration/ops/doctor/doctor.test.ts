/** `npm run doctor` as a process, over the stand-in and Azurite. */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Azurite, startAzurite } from '../../../../dev/azurite.ts';
import { GRAPH_TOKENS } from '../../../../dev/entra/applicationEndpoints.ts';
import { ROOT } from '../../../../dev/platform.ts';
import type { Found } from '../../../../ops/doctor/examine.ts';
import { createTableSharedState } from '../../../../shared/adapters/azureStorage/tableSharedState.ts';
import { SUMMARY } from '../../../support/sharedStateContract.ts';
import { runScript } from '../runStead.ts';
import { type Stage, startStage } from './registeredStage.ts';

let stage: Stage;
let azurite: Azurite;
beforeAll(async () => {
  [stage, azurite] = await Promise.all([startStage(), startAzurite()]);
  await createTableSharedState(azurite).runEnded(SUMMARY);
});
afterAll(async () => {
  await stage.entra.close();
  await azurite.stop();
});

const doctor = (args: readonly string[] = [], settings: Record<string, string> = {}) =>
  runScript(join(ROOT, 'ops/doctor/main.ts'), args, {
    ...stage.settings,
    TokenStore: azurite.connectionString,
    GRAPH_TOKEN: GRAPH_TOKENS.administrator,
    ...settings,
  });

/** What differs from one run to the next has the names that the document gives it. */
const asDocumented = (line: string): string =>
  line
    .replaceAll(stage.apiId, '<client id of the API>')
    .replaceAll(stage.pageId, '<client id of the page>')
    .replaceAll(stage.settings.ENTRA_TENANT_ID ?? '', '<tenant id>')
    .replaceAll(stage.entra.origin, 'http://localhost:8400')
    .replaceAll(/\d{4}-\d\d-\d\d/g, '2027-12-31')
    .replaceAll(/ended \d+ s ago/g, 'ended 12 s ago');

describe.concurrent('npm run doctor', { timeout: 120_000 }, () => {
  it('prints what docs/doctor.md shows, and ends with 1', async () => {
    const { exitCode, lines, errors } = await doctor(['--permission', 'Mail.Read']);
    expect({ exitCode, errors }).toEqual({ exitCode: 1, errors: [] });
    const document = await readFile(join(ROOT, 'docs/doctor.md'), 'utf8');
    const [, shown] = /<!-- doctor -->\n\n```\n([\s\S]*?)```/.exec(document) ?? [];
    expect(`${lines.map(asDocumented).join('\n')}\n`).toBe(shown);
  });

  it('ends with 0 if nothing is wrong, and prints one object in each line', async () => {
    const { exitCode, lines, errors } = await doctor(['--json']);
    expect({ exitCode, errors }).toEqual({ exitCode: 0, errors: [] });
    const found = lines.map((line) => JSON.parse(line) as Found);
    expect(found.map(({ check, state }) => `${check}: ${state}`)).toEqual([
      'settings: ok',
      'clock: ok',
      'tenant: ok',
      'signing keys: ok',
      'credential: ok',
      'credential expiry: ok',
      'registration: ok',
      'consent: ok',
      'storage: ok',
      'worker: ok',
      'deployed app: skipped',
      'app settings: skipped',
    ]);
  });

  it.each([
    ['ops/doctor/main.ts', ['--json']],
    ['ops/entra/register.ts', ['--help']],
    ['ops/stead.ts', ['--help']],
  ])('ends quietly if nobody reads its output any more, as %s %j does', async (script, args) => {
    const { PATH, SystemRoot } = process.env;
    const env = { PATH, SystemRoot, ...stage.settings, GRAPH_TOKEN: GRAPH_TOKENS.administrator };
    const child = spawn(process.execPath, [join(ROOT, script), ...args], { env, cwd: tmpdir() });
    child.stdout.destroy();
    const errors = await text(child.stderr);
    expect(errors).toBe('');
  });

  it('goes on with what can be examined if a setting is wrong', async () => {
    const { exitCode, lines } = await doctor(['--json'], { ENTRA_CLIENT_SECRET: '<secret>' });
    const found = lines.map((line) => JSON.parse(line) as Found);
    expect(exitCode).toBe(1);
    expect(
      found.filter(({ state }) => state !== 'ok').map(({ check, state }) => `${check}: ${state}`),
    ).toEqual([
      'settings: wrong',
      'credential: skipped',
      'credential expiry: skipped',
      'deployed app: skipped',
      'app settings: skipped',
    ]);
  });
});
