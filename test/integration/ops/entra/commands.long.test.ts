/** `npm run entra:register` and `npm run entra:cleanup` as processes, over the stand-in. */
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GRAPH_TOKENS } from '../../../../dev/entra/applicationEndpoints.ts';
import { TENANT_ID } from '../../../../dev/entra/directory.ts';
import { signInWithCode } from '../../../../dev/entra/signIn.ts';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import { ROOT } from '../../../../dev/platform.ts';
import type { RegistrationResult } from '../../../../ops/entra/registrationResult.ts';
import { control, SPA_ORIGIN } from '../../../support/entraClients.ts';
import { runScript } from '../runStead.ts';

const MANAGED_IDENTITY = '11111111-2222-4333-8444-555555555555';

const SCOPE = {
  id: '99999999-8888-4777-8666-555555555555',
  value: 'access_as_user',
  type: 'User',
  adminConsentDisplayName: 'Access',
  adminConsentDescription: 'Access',
};

/** All tests use it at the same time, each with a name of its own. */
let entra: Entra;
beforeAll(async () => {
  entra = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN] });
});
afterAll(() => entra.close());

type Run = { token?: string; environment?: Record<string, string> };

function run(name: 'register' | 'cleanup', args: readonly string[], options: Run = {}) {
  const { token = GRAPH_TOKENS.administrator, environment = { GRAPH_TOKEN: token } } = options;
  const script = join(ROOT, 'ops/entra', `${name}.ts`);
  return runScript(script, ['--graph-url', entra.origin, ...args], environment);
}

/** Creates an application at Graph as somebody else would. Returns its client id. */
async function create(body: Record<string, unknown>): Promise<string> {
  const response = await fetch(`${entra.origin}/v1.0/applications`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${GRAPH_TOKENS.administrator}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify(body),
  });
  return ((await response.json()) as { appId: string }).appId;
}

describe.concurrent('npm run entra:register', () => {
  it('registers, says the settings, and has nothing to do the next time', async () => {
    const named = ['--name', 'fresh', '--page-url', SPA_ORIGIN];
    const first = await run('register', [...named, '--tenant', TENANT_ID]);
    expect(first).toMatchObject({
      exitCode: 0,
      errors: ['Looking again in 5 s, so that nothing is created twice.'],
    });
    expect(first.lines.slice(0, 8)).toEqual([
      'Create the application of the page.',
      'Create the application of the API.',
      'Give the API its App ID URI.',
      'Let the page ask for the scope of the API.',
      'Create the service principal of the API.',
      'Create the service principal of the page.',
      '6 changes were made.',
      '',
    ]);
    expect(first.lines).toContain(`ENTRA_TENANT_ID=${TENANT_ID}`);

    const second = await run('register', [...named, '--json']);
    expect(second).toMatchObject({ exitCode: 0, errors: [] });
    const result = JSON.parse(second.lines.join('')) as RegistrationResult & { calls: unknown[] };
    const { settings, pageConfig } = result;
    expect(result).toEqual({
      dryRun: false,
      calls: [],
      parameters: {},
      notes: [],
      settings: {
        ENTRA_TENANT_ID: TENANT_ID,
        ENTRA_CLIENT_ID: settings.ENTRA_CLIENT_ID,
        SPA_CLIENT_ID: pageConfig.clientId,
      },
      pageConfig: {
        clientId: settings.SPA_CLIENT_ID,
        authority: `https://login.microsoftonline.com/${TENANT_ID}`,
        apiScope: `api://${settings.ENTRA_CLIENT_ID}/access_as_user`,
        apiBaseUrl: 'http://localhost:7071',
      },
    });

    // A person can sign in to the page that was registered, and consents to what the API needs in the same step.
    const { accessToken } = await signInWithCode({
      origin: entra.origin,
      user: 'adele',
      spaOrigin: SPA_ORIGIN,
      clientId: pageConfig.clientId,
      scope: pageConfig.apiScope.replace('access_as_user', '.default'),
    });
    expect(decodeJwt(accessToken)).toMatchObject({
      aud: settings.ENTRA_CLIENT_ID,
      azp: pageConfig.clientId,
      scp: 'access_as_user',
    });
    const { grants } = (await (await control(entra, 'GET', '/consent')).json()) as { grants: object[] };
    expect(grants).toContainEqual(
      expect.objectContaining({
        client: settings.ENTRA_CLIENT_ID,
        permissions: { 'User.Read': expect.anything() },
      }),
    );
  });

  it('prints what docs/register.md shows of a dry run, and changes nothing', async () => {
    const { exitCode, lines, errors } = await run('register', [
      '--dry-run',
      '--permission',
      'Mail.Read',
      '--managed-identity',
      MANAGED_IDENTITY,
      '--wake-worker',
      '--admin-consent',
    ]);
    expect({ exitCode, errors }).toEqual({ exitCode: 0, errors: [] });
    const document = await readFile(join(ROOT, 'docs/register.md'), 'utf8');
    const [, shown] = /<!-- dry run -->\n\n```\n([\s\S]*?)```/.exec(document) ?? [];
    expect(shown).toBe(`${lines.join('\n')}\n`);
    const requests = (await (await control(entra, 'GET', '/requests')).json()) as object[];
    expect(requests.length).toBeGreaterThan(0);
    expect((await run('register', ['--dry-run', '--json'])).lines.join('')).toContain('"{api.appId}"');
  });

  it('ends with 1 and says which role is needed', async () => {
    const api = ['--api-client-id', await create({ displayName: 'Our API' })];
    const page = ['--page-client-id', await create({ displayName: 'Our page' })];
    const { exitCode, errors } = await run('register', [...api, ...page], { token: GRAPH_TOKENS.reader });
    expect(exitCode).toBe(1);
    expect(errors.join('\n')).toMatch(
      /403 Authorization_RequestDenied.*\nThis needs the role Application Administrator/,
    );
  });

  it('sends the token to no address but those of Graph and of this machine', async () => {
    const { exitCode, errors } = await run('register', ['--graph-url=https://graph.microsoft.example']);
    expect({ exitCode, error: errors[0] }).toEqual({
      exitCode: 2,
      error: expect.stringMatching(/^--graph-url is given twice/),
    });
    const alone = await runScript(
      join(ROOT, 'ops/entra/register.ts'),
      ['--graph-url', 'https://graph.microsoft.example'],
      { GRAPH_TOKEN: 'some' },
    );
    expect(alone).toMatchObject({
      exitCode: 2,
      errors: expect.arrayContaining([expect.stringMatching(/^--graph-url takes/)]),
    });
  });
});

describe.concurrent('npm run entra:cleanup', () => {
  it('deletes what was registered, after it has shown it', async () => {
    const named = ['--name', 'clean'];
    const tags = (part: string) => ['stead:clean', `stead-part:${part}`];
    await create({ displayName: 'clean (API)', tags: tags('api'), api: { oauth2PermissionScopes: [SCOPE] } });
    await create({ displayName: 'clean (page)', tags: tags('page') });
    const shown = await run('cleanup', [...named, '--dry-run']);
    expect(shown).toMatchObject({ exitCode: 0, errors: [] });
    expect(shown.lines.filter((line) => line.startsWith('#'))).toEqual([
      expect.stringMatching(/^# Delete the application of the page: "clean \(page\)", client id /),
      '# Disable the scope of the API',
      expect.stringMatching(/^# Delete the application of the API: "clean \(API\)", client id /),
    ]);
    expect((await run('cleanup', named)).lines.at(-1)).toBe('Deleted.');
    expect(await run('cleanup', named)).toEqual({
      exitCode: 0,
      lines: ['There is nothing to delete.'],
      errors: [],
    });
  });
});

describe.concurrent('the token', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stead-az-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** A command of that name that does this; the process finds no other. */
  async function withCli(script: string): Promise<Run> {
    const bin = await mkdtemp(join(folder, 'bin-'));
    const file = join(bin, 'az');
    await writeFile(file, `#!${process.execPath}\n${script}`);
    await chmod(file, 0o755);
    return { environment: { PATH: bin } };
  }

  it.skipIf(process.platform === 'win32')('comes from the Azure CLI, and is printed nowhere', async () => {
    const accessToken = GRAPH_TOKENS.administrator;
    const options = await withCli(
      `if (process.argv.slice(2).join(' ') !== 'account get-access-token --resource-type ms-graph --output json --tenant ${TENANT_ID}') process.exit(3);
       process.stdout.write(JSON.stringify({ accessToken: '${accessToken}', tenant: '${TENANT_ID}' }));`,
    );
    const { exitCode, lines, errors } = await run('register', ['--dry-run', '--tenant', TENANT_ID], options);
    expect({ exitCode, errors }).toEqual({ exitCode: 0, errors: [] });
    expect(lines.join('\n')).not.toContain(accessToken);
  });

  it.skipIf(process.platform === 'win32')('is missing without a sign-in', async () => {
    const options = await withCli(
      `process.stderr.write("ERROR: User 'anna' does not exist. Please run 'az login'.\\n"); process.exit(1);`,
    );
    const { exitCode, errors } = await run('register', [], options);
    expect({ exitCode, errors }).toEqual({
      exitCode: 1,
      errors: [
        // What az says is not passed on, because it may name a person.
        'The Azure CLI gave no token for Microsoft Graph. Run "az login" and try again. "az account get-access-token --resource-type ms-graph" says why.',
      ],
    });
  });

  it.skipIf(process.platform === 'win32')('is missing while the Azure CLI is in another cloud', async () => {
    const { environment = {} } = await withCli('process.exit(1);');
    const script = join(ROOT, 'ops/entra/register.ts');
    const args = ['--graph-url', 'https://graph.microsoft.us'];
    const { exitCode, errors } = await runScript(script, args, environment);
    expect({ exitCode, errors }).toEqual({
      exitCode: 1,
      errors: [
        expect.stringContaining('Run "az cloud set --name AzureUSGovernment" and "az login" and try again.'),
      ],
    });
  });

  it('is missing without the Azure CLI', async () => {
    const empty = await mkdtemp(join(folder, 'bin-'));
    const { exitCode, errors } = await run('cleanup', [], { environment: { PATH: empty } });
    expect({ exitCode, errors }).toEqual({
      exitCode: 1,
      errors: [expect.stringMatching(/^The Azure CLI \(az\) is not installed\./)],
    });
  });
});
