/** `npm run azure:smoke`, over a server that answers as the app and the page do in Azure, and a stand-in for `az`. */
import { rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { registeredFunctions } from '../../../ops/cli/registeredFunctions.ts';
import { makePrograms, type Programs } from './programs.ts';
import { runHook } from './runHook.ts';

type Answer = { status: number; headers?: Record<string, string>; body?: string };
/** What Azure says; a text in the place of a list is what `az` complains, and it then fails. */
type Azure = { settings: string[] | string; references: object[]; functions: string[] };

const ENTRY = fileURLToPath(new URL('../../../functions/main.ts', import.meta.url));
const OPEN = ['health', 'health/ready'];

/** A value in these answers would be shown by nobody, because it is not asked for. */
const AZ = `
const azure = JSON.parse(fs.readFileSync(__dirname + '/azure.json', 'utf8'));
const answer = args[0] === 'rest' ? azure.references : args[1] === 'function' ? azure.functions : azure.settings;
if (typeof answer === 'string') { console.error(answer); process.exitCode = 1; } else console.log(JSON.stringify(answer));`;

const ready = (body: object, status = 200, headers = {}): Answer => ({
  status,
  headers,
  body: JSON.stringify({ storage: 'ready', credential: 'accepted', ...body }),
});

let server: Server;
let origin: string;
let answers: Record<string, Answer | Answer[]>;
let azure: Azure;
let programs: Programs;
beforeEach(async () => {
  server = createServer(({ method, url }, response) => {
    const found = answers[`${method} ${url}`] ?? { status: 404 };
    const { status, headers = {}, body } = (Array.isArray(found) ? found.shift() : found) ?? { status: 500 };
    response.writeHead(status, headers).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const functions = await registeredFunctions(ENTRY);
  const closed = functions.flatMap(({ http }) =>
    http === undefined || OPEN.includes(http.route)
      ? []
      : http.methods.map((method) => `${method} /api/${http.route}`),
  );
  answers = {
    ...Object.fromEntries(closed.map((request) => [request, { status: 401 }])),
    'GET /api/connection/link': { status: 400 },
    'GET /api/connection/link/callback': { status: 404 },
    'GET /api/health': { status: 204 },
    'GET /api/health/ready': ready({}),
    'OPTIONS /api/profile': { status: 204, headers: { 'access-control-allow-origin': origin } },
    'GET /config.json': { status: 200, body: JSON.stringify({ apiBaseUrl: origin }) },
  };
  azure = {
    settings: ['AzureWebJobsStorage__credential', 'TOKEN_CACHE_KEYS'],
    references: ['TOKEN_CACHE_KEYS', 'LOG_HASH_KEY'].map((name) => ({ name, status: 'Resolved' })),
    functions: ['WarmUp', ...functions.map(({ name }) => name)].map((name) => `func-1/${name}`),
  };
  programs = await makePrograms(AZ);
});
afterEach(async () => {
  await programs.remove();
  await new Promise((resolve) => server.close(resolve));
});

async function run(env: Record<string, string> = {}, args: readonly string[] = ['--wait', '0']) {
  await writeFile(join(programs.folder, 'azure.json'), JSON.stringify(azure));
  const values = { API_URI: origin, PAGE_URI: origin, API_APP_NAME: 'func-1', AZURE_RESOURCE_GROUP: 'rg-1' };
  const { code, stdout, stderr } = await runHook(
    'smokeTest',
    { PATH: programs.folder, ...values, ...env },
    args,
  );
  return { code, stderr, stdout, passed: [...stdout.matchAll(/^ok {2}(.*)$/gm)].map(([, says]) => says) };
}

describe.skipIf(process.platform === 'win32')('npm run azure:smoke', () => {
  it('passes if everything is as it should be', async () => {
    const { code, stderr, passed } = await run();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(passed).toEqual(
      expect.arrayContaining([
        'the app has no plain AzureWebJobsStorage',
        'the references of TOKEN_CACHE_KEYS and LOG_HASH_KEY to the key vault are resolved',
        'GET /api/health answers 204',
        'the app can use its storage, and Entra accepts its credential',
        'GET /api/profile/photo without an access token answers 401',
        'DELETE /api/connection without an access token answers 401',
        `CORS lets ${origin} call the API`,
        'config.json of the page names this API',
        expect.stringMatching(/^Azure lists connection, health, .*profile, .*refreshWorker/),
      ]),
    );
  });

  it('asks Azure for names and statuses alone', async () => {
    await run({ AZURE_SUBSCRIPTION_ID: 'some-subscription' });
    const resource =
      '/subscriptions/some-subscription/resourceGroups/rg-1/providers/Microsoft.Web/sites/func-1/config/configreferences/appsettings?api-version=2022-03-01';
    const query = 'value[].{name: name, status: properties.status}';
    const end = ['--output', 'json', '--subscription', 'some-subscription'];
    const of = ['--name', 'func-1', '--resource-group', 'rg-1', '--query', '[].name'];
    expect(await programs.calls()).toEqual([
      ['az', 'functionapp', 'config', 'appsettings', 'list', ...of, ...end],
      ['az', 'rest', '--method', 'get', '--url', resource, '--query', query, ...end],
      ['az', 'functionapp', 'function', 'list', ...of, ...end],
    ]);
  });

  it('leaves out the page if there is none', async () => {
    const { code, stdout } = await run({ PAGE_URI: '' });
    expect(code).toBe(0);
    expect(stdout).not.toMatch(/CORS|config\.json/);
  });

  it('takes what it needs from azd if a person runs it', async () => {
    await programs.setEnvironment({ API_URI: origin, API_APP_NAME: 'func-1', AZURE_RESOURCE_GROUP: 'rg-1' });
    const { code } = await run({ API_URI: '', PAGE_URI: '', API_APP_NAME: '', AZURE_RESOURCE_GROUP: '' });
    expect(code).toBe(0);
  });

  it('says what it leaves out without the Azure CLI', async () => {
    await rm(join(programs.folder, 'az'));
    const { code, stdout } = await run({ API_APP_NAME: '' }, ['--wait', '0', '--http-only']);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/\n-- .* are not checked\n$/),
    });
    const without = await run();
    expect(without.code).toBe(1);
    expect(without.stderr).toMatch(/The Azure CLI \(az\) is not on the PATH\. .* gives --http-only\.\n/);
  });

  it('waits for what is still on its way, as long as the app says', async () => {
    answers['GET /api/health/ready'] = [
      ready({ storage: 'unreachable' }, 503, { 'retry-after': '1' }),
      ready({}),
    ];
    expect(await run({}, ['--wait', '60'])).toMatchObject({ code: 0, stderr: '' });
  });

  it.each<[string, Partial<Azure>, RegExp]>([
    [
      'a plain AzureWebJobsStorage',
      { settings: ['AzureWebJobsStorage'] },
      /Delete it: az functionapp config appsettings delete --name func-1 --resource-group rg-1 --setting-names AzureWebJobsStorage$/m,
    ],
    [
      'a reference that is not resolved',
      { references: [{ name: 'TOKEN_CACHE_KEYS', status: 'SecretNotFound' }] },
      /TOKEN_CACHE_KEYS .* is not resolved \(SecretNotFound\)\. Run "npm run azure:secrets"\. .*az rest --method post --url .*\/config\/configreferences\/appsettings\/refresh\?api-version=2022-03-01$/m,
    ],
    [
      'a setting that is no reference',
      { references: [{ name: 'TOKEN_CACHE_KEYS', status: 'Resolved' }] },
      /reference of LOG_HASH_KEY .* is not resolved \(Missing\)/,
    ],
    [
      'no functions but that of Azure',
      { functions: ['func-1/WarmUp'] },
      /does not list these functions of func-1: connection, health, .*az rest --method post --url .*\/host\/default\/sync\?/,
    ],
    ['nobody signed in', { settings: "ERROR: Please run 'az login'." }, /az login, .* gives --http-only\.$/m],
    [
      'no role',
      { settings: 'ERROR: (AuthorizationFailed) The client anna' },
      /\(AuthorizationFailed\)\. Run it/,
    ],
  ])('names the cause and what to do if there is %s', async (_what, changed, sentence) => {
    azure = { ...azure, ...changed };
    const { code, stderr } = await run();
    expect({ code, lines: stderr.split('\n').length }).toEqual({ code: 1, lines: 3 });
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toContain('anna');
  });

  it('names the settings as the cause if the app does not start, and asks it no more', async () => {
    answers = { 'GET /api/health': { status: 503 } };
    azure.references = [{ name: 'TOKEN_CACHE_KEYS', status: 'AccessToKeyVaultDenied' }];
    azure.functions = [];
    const { code, stderr } = await run();
    expect(code).toBe(1);
    expect(stderr.match(/^NOT .*$/gm)).toEqual([
      expect.stringContaining('references'),
      'NOT GET /api/health answers 204',
      expect.stringContaining('Azure lists'),
    ]);
    expect(stderr).toContain('needs the role Key Vault Secrets User');
  });

  it('fails if nobody answers', async () => {
    const { code, stderr } = await run({ API_URI: 'http://127.0.0.1:1' });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'NOT GET /api/health answers 204\n    http://127.0.0.1:1/api/health gives no answer.\n',
    });
  });
});
