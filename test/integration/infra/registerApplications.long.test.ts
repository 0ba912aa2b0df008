/** `npm run azure:register` and `npm run azure:handover`, with stand-ins for `az`, `azd` and Graph. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GRAPH_TOKENS } from '../../../dev/entra/applicationEndpoints.ts';
import { TENANT_ID } from '../../../dev/entra/directory.ts';
import { type Entra, startEntra } from '../../../dev/entra/startEntra.ts';
import { makePrograms, type Programs } from './programs.ts';
import { runHook } from './runHook.ts';

/** All of them run at once, each with programs of its own. */
const PATIENCE = { timeout: 120_000 };
const SUBSCRIPTION = '33333333-2222-4333-8444-555555555555';
const IDENTITY = '11111111-2222-4333-8444-555555555555';
const FOREIGN = { ENTRA_CLIENT_ID: IDENTITY, SPA_CLIENT_ID: SUBSCRIPTION, ENTRA_TENANT_ID: TENANT_ID };

/** The outputs of the templates that these commands read. */
const OUTPUTS = {
  AZURE_RESOURCE_GROUP: 'rg-fresh',
  API_APP_NAME: 'func-1',
  API_URI: 'https://func-1.example.net',
  PAGE_URI: 'https://page-1.example.net',
  IDENTITY_PRINCIPAL_ID: IDENTITY,
};

const AZ = `
if (args[0] === 'account' && args[1] === 'show') console.log('${TENANT_ID}');
else if (args[1] === 'get-access-token') console.log(JSON.stringify({ accessToken: '${GRAPH_TOKENS.developer}' }));
else process.exitCode = 1;`;

let entra: Entra;
beforeAll(async () => {
  entra = await startEntra({ port: 0, spaOrigins: [] });
});
afterAll(() => entra.close());

type Environment = { name?: string; values?: Record<string, string>; az?: string };

/** An azd environment, and how azd runs a hook in it. */
async function createEnvironment({ name = 'fresh', values = {}, az = AZ }: Environment) {
  const programs = await makePrograms(az);
  await programs.setEnvironment({
    AZURE_ENV_NAME: name,
    AZURE_LOCATION: 'westeurope',
    AZURE_SUBSCRIPTION_ID: SUBSCRIPTION,
    GRAPH_BASE_URL: entra.origin,
    ...values,
  });
  const run = async (hook: string, more: Record<string, string> = {}) =>
    runHook(hook, { ...(await programs.environment()), PATH: programs.folder, ...more });
  return { programs, register: () => run('registerApplications'), handOver: () => run('handOver'), run };
}

const setsOf = async (programs: Programs) =>
  (await programs.calls()).filter(([program, , verb]) => program === 'azd' && verb === 'set');

async function readGraph<T>(path: string): Promise<T> {
  const headers = { authorization: `Bearer ${GRAPH_TOKENS.reader}` };
  return (await fetch(`${entra.origin}/v1.0/${path}`, { headers })).json() as Promise<T>;
}

const find = (clientId = '') =>
  readGraph<{ id: string; displayName: string; spa: { redirectUris: string[] }; signInAudience: string }>(
    `applications(appId='${clientId}')`,
  );

// On Windows `az` is a batch file, which this stand-in is not.
describe.skipIf(process.platform === 'win32').concurrent('npm run azure:register', PATIENCE, () => {
  it('registers before azd provisions, completes it afterwards, and then has nothing to do', async () => {
    const { programs, register } = await createEnvironment({});
    const before = await register();
    expect(before).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Create the application of the page.'),
    });
    const { ENTRA_CLIENT_ID, SPA_CLIENT_ID, ...rest } = await programs.environment();
    expect(rest).toMatchObject({ ENTRA_TENANT_ID: TENANT_ID, REGISTER_APPLICATIONS: 'true' });
    // Neither the address of the page nor the identity exists yet.
    expect(await find(SPA_CLIENT_ID)).toMatchObject({
      displayName: 'stead-fresh (page)',
      spa: { redirectUris: [] },
    });
    expect((await setsOf(programs)).map((call) => call.slice(-3))).toEqual([
      ['--environment', 'fresh', '--no-prompt'],
    ]);

    await programs.setEnvironment(OUTPUTS);
    expect(await register()).toMatchObject({ code: 0, stderr: '' });
    expect((await find(SPA_CLIENT_ID)).spa.redirectUris).toEqual(
      ['/', '/redirect.html', '/admin.html'].map((path) => `${OUTPUTS.PAGE_URI}${path}`),
    );
    const { id } = await find(ENTRA_CLIENT_ID);
    expect(await readGraph(`applications/${id}/federatedIdentityCredentials`)).toMatchObject({
      value: [{ subject: IDENTITY, issuer: `https://login.microsoftonline.com/${TENANT_ID}/v2.0` }],
    });

    const again = await register();
    expect(again).toMatchObject({ code: 0, stderr: '', stdout: expect.not.stringContaining('Correct') });
    expect(await setsOf(programs)).toHaveLength(1);
    await programs.remove();
  });

  it('passes on the options, and registers for the tenants that are served', async () => {
    const { programs, register } = await createEnvironment({
      name: 'wide',
      values: {
        ALLOWED_TENANTS: '*',
        REGISTER_OPTIONS: '--permission Mail.Read --page-url http://localhost:3000',
      },
    });
    expect(await register()).toMatchObject({ code: 0 });
    const { ENTRA_CLIENT_ID, SPA_CLIENT_ID } = await programs.environment();
    const [api, page] = await Promise.all([find(ENTRA_CLIENT_ID), find(SPA_CLIENT_ID)]);
    expect([api.signInAudience, page.spa.redirectUris[0]]).toEqual([
      'AzureADMultipleOrgs',
      'http://localhost:3000/',
    ]);
    expect(api).toHaveProperty('requiredResourceAccess.0.resourceAccess.1.type', 'Scope');
    await programs.remove();
  });

  it.each<[string, Record<string, string>]>([
    ['somebody else has given their ids', FOREIGN],
    ['it is switched off', { ...FOREIGN, REGISTER_APPLICATIONS: 'false', ...OUTPUTS }],
  ])('registers nothing if %s', async (_why, values) => {
    const { programs, register } = await createEnvironment({ name: 'foreign', values });
    expect(await register()).toEqual({
      code: 0,
      stderr: '',
      stdout: 'Somebody else has registered the applications: nothing is changed in Entra.\n',
    });
    expect(await programs.calls()).toEqual([]);
    await programs.remove();
  });

  it('changes nothing, and says what to set, if it has one id of two', async () => {
    const values = { ENTRA_CLIENT_ID: IDENTITY };
    const { programs, register } = await createEnvironment({ name: 'unclear', values });
    expect(await register()).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^ENTRA_TENANT_ID and SPA_CLIENT_ID of the azd environment.*\n$/),
    });
    expect(await setsOf(programs)).toEqual([]);
    await programs.remove();
  });

  it('refuses one setting of a link without the other, with which the app would not start', async () => {
    const LINK_REDIRECT_URI = 'https://api.example/api/connection/link/callback';
    const half = await createEnvironment({ name: 'half', values: { LINK_REDIRECT_URI } });
    expect(await half.register()).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('LINK_REDIRECT_URI needs LINK_RETURN_URLS beside it'),
    });
    await half.programs.remove();
    // With a page there is a default, and one's own list stays.
    const own = { LINK_REDIRECT_URI, LINK_RETURN_URLS: 'https://page.example/back' };
    for (const [name, values, kept] of [
      ['linked', { LINK_REDIRECT_URI }, `${OUTPUTS.PAGE_URI}/`],
      ['linked-own', own, own.LINK_RETURN_URLS],
    ] as const) {
      const { programs, register } = await createEnvironment({ name, values: { ...OUTPUTS, ...values } });
      expect(await register()).toMatchObject({ code: 0 });
      expect(await programs.environment()).toMatchObject({ LINK_RETURN_URLS: kept });
      await programs.remove();
    }
  });

  it('says what a person with the role can do, if it may not register', async () => {
    const az = AZ.replace(GRAPH_TOKENS.developer, GRAPH_TOKENS.reader);
    const { programs, register } = await createEnvironment({ name: 'poor', values: OUTPUTS, az });
    const { code, stderr } = await register();
    expect(code).toBe(1);
    expect(stderr).toMatch(/403 Authorization_RequestDenied/);
    expect(stderr).toContain(
      `\n  npm run entra:register -- --name stead-poor --tenant ${TENANT_ID} --graph-url ${entra.origin} --page-url ${OUTPUTS.PAGE_URI} --api-url ${OUTPUTS.API_URI} --managed-identity ${IDENTITY}\n`,
    );
    expect(stderr).not.toContain(GRAPH_TOKENS.reader);
    expect(await setsOf(programs)).toEqual([]);
    await programs.remove();
  });

  it('says how to keep the ids by hand if azd does not take them', async () => {
    const { programs, register } = await createEnvironment({ name: 'alone' });
    const values = await programs.environment();
    await rm(join(programs.folder, 'azd'));
    const { code, stderr } = await register();
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /\nazd env set ENTRA_TENANT_ID=[\w-]{36} ENTRA_CLIENT_ID=[\w-]{36} SPA_CLIENT_ID=[\w-]{36} REGISTER_APPLICATIONS=true\n$/,
    );
    expect(await programs.environment()).toEqual(values);
    await programs.remove();
  });
});

describe.skipIf(process.platform === 'win32')('npm run azure:handover', () => {
  const block = `azd env set AZURE_SUBSCRIPTION_ID=${SUBSCRIPTION} AZURE_LOCATION=westeurope AZURE_RESOURCE_GROUP=rg-fresh API_APP_NAME=func-1 API_URI=${OUTPUTS.API_URI} PAGE_URI=${OUTPUTS.PAGE_URI} ENTRA_TENANT_ID=${TENANT_ID} ENTRA_CLIENT_ID=${IDENTITY} SPA_CLIENT_ID=${SUBSCRIPTION} IDENTITY_PRINCIPAL_ID=${IDENTITY}`;

  it('prints what the other two people need, with the values of the azd environment', async () => {
    const values = { ...FOREIGN, ...OUTPUTS, ALLOWED_TENANTS: '*' };
    const { programs } = await createEnvironment({ values });
    // A person runs it: nothing is given, and everything is asked of azd.
    const { code, stdout, stderr } = await runHook('handOver', { PATH: programs.folder });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.split('\n');
    expect(lines).toContain(
      `npm run entra:register -- --api-client-id ${IDENTITY} --page-client-id ${SUBSCRIPTION} --tenant ${TENANT_ID} --graph-url ${entra.origin} --multi-tenant --page-url ${OUTPUTS.PAGE_URI} --api-url ${OUTPUTS.API_URI} --managed-identity ${IDENTITY}`,
    );
    expect(lines).toContain(
      `${block} 'ALLOWED_TENANTS=*' GRAPH_BASE_URL=${entra.origin} REGISTER_APPLICATIONS=false`,
    );
    const file = await runHook('handOver', { PATH: programs.folder }, ['--lines']);
    expect(file.stdout).toMatch(/^AZURE_SUBSCRIPTION_ID=[\s\S]*\nALLOWED_TENANTS=\*\n[\s\S]*=false\n$/);
    expect(file.stdout).not.toMatch(/^\S*=$|^[^=]*$\n/m);
    await programs.remove();
  });

  it.each([
    ['--permission Mail.Read', '--wake-worker --permission Mail.Read'],
    ['--wake-worker --permission Mail.Read', '--wake-worker --permission Mail.Read'],
  ])('asks once for the role that wakes the worker, if the deployment uses it: %s', async (REGISTER_OPTIONS, end) => {
    const { programs, handOver } = await createEnvironment({
      values: { ...FOREIGN, ...OUTPUTS, WAKE_WORKER: 'true', REGISTER_OPTIONS },
    });
    expect((await handOver()).stdout).toContain(` --managed-identity ${IDENTITY} ${end}\n`);
    await programs.remove();
  });

  it('has nothing for a second person if azd registers the applications', async () => {
    const { programs, handOver } = await createEnvironment({
      values: { ...FOREIGN, ...OUTPUTS, REGISTER_APPLICATIONS: 'true' },
    });
    const { stdout } = await handOver();
    expect(stdout).not.toContain('entra:register');
    expect(stdout).toContain(block);
    await programs.remove();
  });

  it('names the Graph of the cloud', async () => {
    const { programs, handOver } = await createEnvironment({
      values: {
        ...FOREIGN,
        ...OUTPUTS,
        GRAPH_BASE_URL: '',
        ENTRA_AUTHORITY: 'https://login.partner.microsoftonline.cn',
      },
    });
    expect((await handOver()).stdout).toContain(' --graph-url https://microsoftgraph.chinacloudapi.cn ');
    await programs.remove();
  });

  it('says what is missing', async () => {
    const { programs, handOver } = await createEnvironment({});
    expect(await handOver()).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^AZURE_RESOURCE_GROUP is missing\. /),
    });
    await programs.remove();
  });
});
