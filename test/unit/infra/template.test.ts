/**
 * What the compiled template makes, without Bicep. `npm run check:infra` makes sure that infra/main.json is what
 * infra/main.bicep compiles to.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Json, moduleOf, pick, pickObject } from '../../support/armTemplate.ts';
import { TEMPLATE_RULES } from '../../support/templateRules.ts';

const read = (file: string): Json =>
  JSON.parse(readFileSync(new URL(`../../../infra/${file}`, import.meta.url), 'utf8'));
const template = read('main.json');

describe('the template', () => {
  it.each(Object.entries(TEMPLATE_RULES))('has no fault in: %s', (_rule, faultsOf) => {
    expect(faultsOf(template)).toEqual([]);
  });

  it('gets every parameter from the environment of azd, and no other', () => {
    const given = pickObject(read('main.parameters.json'), 'parameters');
    expect(Object.keys(given).sort()).toEqual(Object.keys(pickObject(template, 'parameters')).sort());
    for (const { value } of Object.values(given) as { value: unknown }[])
      expect(value).toMatch(/^\$\{[A-Z_]+\}$/);
    expect(new Set(Object.values(given).map((entry) => pick(entry, 'value'))).size).toBe(
      Object.keys(given).length,
    );
  });

  it('gets a setting from the variable of the same name', () => {
    const given = pickObject(read('main.parameters.json'), 'parameters');
    for (const name of ['ENTRA_CLIENT_ID', 'RETENTION_DAYS', 'REFRESH_WORKER_DISABLED']) {
      expect(Object.values(given)).toContainEqual({ value: `\${${name}}` });
    }
  });

  it('has no output that would come back as a parameter of the next deployment', () => {
    const variables = JSON.stringify(read('main.parameters.json'));
    const outputs = Object.keys(pickObject(template, 'outputs'));
    expect(outputs).toContain('API_URI');
    expect(outputs.filter((name) => variables.includes(`\${${name}}`))).toEqual([]);
  });
});

const settings = (changed: Json): Json =>
  pickObject(changed, 'resources', 'functionApp', 'properties', 'parameters', 'settings', 'value');
const given = (changed: Json, module: string): Json =>
  pickObject(changed, 'resources', module, 'properties', 'parameters');
const made = (changed: Json, module: string, symbol: string): Json =>
  pickObject(moduleOf(changed, module), 'resources', symbol);
const properties = (changed: Json, module: string, symbol: string): Json =>
  pickObject(made(changed, module, symbol), 'properties');
const parameter = (changed: Json, name: string): Json => pickObject(changed, 'parameters', name);
const variables = (changed: Json, module: string): Json => pickObject(moduleOf(changed, module), 'variables');

/** For each rule, changes of the template that it must find. */
const MUTATIONS: Record<keyof typeof TEMPLATE_RULES, Record<string, (changed: Json) => unknown>> = {
  'settings that Flex Consumption refuses, or that hold a key': {
    'the worker runtime': (changed) => Object.assign(settings(changed), { FUNCTIONS_WORKER_RUNTIME: 'node' }),
    'a connection string of the host': (changed) =>
      Object.assign(settings(changed), { AzureWebJobsStorage: 'x' }),
    'a connection string of Stead': (changed) => Object.assign(settings(changed), { TokenStore: 'x' }),
    'a client secret': (changed) => Object.assign(settings(changed), { ENTRA_CLIENT_SECRET: 'x' }),
  },
  'settings of the platform and of connections': {
    'no client id for the host': (changed) => delete settings(changed).AzureWebJobsStorage__clientId,
    'no credential of the token store': (changed) => delete settings(changed).TokenStore__credential,
    'tables in the storage of the host': (changed) =>
      Object.assign(settings(changed), {
        TokenStore__tableServiceUri: settings(changed).AzureWebJobsStorage__tableServiceUri,
      }),
    'the keys of the caches as text': (changed) =>
      Object.assign(settings(changed), { TOKEN_CACHE_KEYS: '{"keys":[]}' }),
    'one secret for both': (changed) =>
      Object.assign(settings(changed), { LOG_HASH_KEY: settings(changed).TOKEN_CACHE_KEYS }),
    'an app that hides why it cannot start': (changed) =>
      delete settings(changed).FUNCTIONS_NODE_BLOCK_ON_ENTRY_POINT_ERROR,
    'no identity for the logs': (changed) =>
      delete settings(changed).APPLICATIONINSIGHTS_AUTHENTICATION_STRING,
    'no identity for Entra ID': (changed) => delete settings(changed).ENTRA_MANAGED_IDENTITY_CLIENT_ID,
  },
  'settings that an operator may change': {
    'a setting that is missing': (changed) => delete settings(changed).ALLOWED_TENANTS,
    'a setting that is fixed': (changed) => Object.assign(settings(changed), { RETENTION_DAYS: '90' }),
    'a setting from the wrong parameter': (changed) =>
      Object.assign(settings(changed), { REFRESH_IDLE_SECONDS: settings(changed).RETENTION_DAYS }),
  },
  "defaults that are not the app's": {
    'another number': (changed) => Object.assign(parameter(changed, 'retentionDays'), { defaultValue: 30 }),
    'another text': (changed) =>
      Object.assign(parameter(changed, 'apiScope'), { defaultValue: 'user_impersonation' }),
    'a default for what must be given': (changed) =>
      Object.assign(parameter(changed, 'entraClientId'), { defaultValue: '' }),
    'no default': (changed) => delete parameter(changed, 'refreshEveryRun').defaultValue,
  },
  'settings that nobody knows': {
    'a spelling mistake': (changed) => Object.assign(settings(changed), { REFRESH_IDLE_SECOND: '60' }),
  },
  'the kill switch': {
    'no setting': (changed) => delete settings(changed)['AzureWebJobs.refreshWorker.Disabled'],
    'a worker that is off by default': (changed) =>
      Object.assign(parameter(changed, 'refreshWorkerDisabled'), { defaultValue: true }),
    'a fixed value': (changed) =>
      Object.assign(settings(changed), { 'AzureWebJobs.refreshWorker.Disabled': 'false' }),
  },
  'properties of siteConfig beside the two that are safe': {
    linuxFxVersion: (changed) =>
      Object.assign(pickObject(properties(changed, 'functionApp', 'app'), 'siteConfig'), {
        linuxFxVersion: 'NODE|24',
      }),
    alwaysOn: (changed) =>
      Object.assign(pickObject(properties(changed, 'functionApp', 'app'), 'siteConfig'), { alwaysOn: false }),
  },
  'the origins that may call the API': {
    everybody: (changed) =>
      Object.assign(pickObject(properties(changed, 'functionApp', 'app'), 'siteConfig', 'cors'), {
        allowedOrigins: ['*'],
      }),
    cookies: (changed) =>
      Object.assign(pickObject(properties(changed, 'functionApp', 'app'), 'siteConfig', 'cors'), {
        supportCredentials: true,
      }),
    'an origin that is not the page': (changed) =>
      Object.assign(given(changed, 'functionApp'), { pageOrigin: { value: 'https://stead.example' } }),
  },
  'the runtime': {
    'a fixed version': (changed) =>
      Object.assign(pickObject(properties(changed, 'functionApp', 'app'), 'functionAppConfig', 'runtime'), {
        version: '20',
      }),
    'an old version': (changed) => (parameter(changed, 'nodeVersion').allowedValues as string[]).push('20'),
    'another default': (changed) => Object.assign(parameter(changed, 'nodeVersion'), { defaultValue: '22' }),
  },
  'the function app and its identity': {
    'another plan': (changed) =>
      Object.assign(pickObject(made(changed, 'functionApp', 'plan'), 'sku'), { name: 'Y1' }),
    http: (changed) => Object.assign(properties(changed, 'functionApp', 'app'), { httpsOnly: false }),
    'references that are read by another identity': (changed) =>
      delete properties(changed, 'functionApp', 'app').keyVaultReferenceIdentity,
    'a deployment by key': (changed) =>
      Object.assign(
        pickObject(
          properties(changed, 'functionApp', 'app'),
          'functionAppConfig',
          'deployment',
          'storage',
          'authentication',
        ),
        { type: 'StorageAccountConnectionString' },
      ),
    'two apps in one plan': (changed) =>
      Object.assign(pickObject(moduleOf(changed, 'functionApp'), 'resources'), {
        other: made(changed, 'functionApp', 'app'),
      }),
  },
  'an app that starts before it has its roles': {
    'no dependency': (changed) =>
      Object.assign(pickObject(changed, 'resources', 'functionApp'), {
        dependsOn: ['identity', 'hostStorage'],
      }),
  },
  'the roles and their scopes': {
    'a role that is missing': (changed) => (variables(changed, 'roles').tokenRoles as unknown[]).pop(),
    'a role that is too much': (changed) =>
      (variables(changed, 'roles').hostRoles as unknown[]).push(
        "[variables('roleIds').storageQueueDataContributor]",
      ),
    'another role': (changed) =>
      Object.assign(pickObject(variables(changed, 'roles'), 'roleIds'), {
        keyVaultSecretsUser: 'b86a8fe4-44ce-4948-aee5-eccb2c155cd7',
      }),
    'the scope of the group': (changed) => delete made(changed, 'roles', 'appOnTokenStorage').scope,
    'the wrong account': (changed) =>
      Object.assign(made(changed, 'roles', 'appOnTokenStorage'), {
        scope: made(changed, 'roles', 'appOnHostStorage').scope,
      }),
    'no kind of principal': (changed) => delete properties(changed, 'roles', 'appOnVault').principalType,
    'the client id as the holder': (changed) =>
      Object.assign(properties(changed, 'roles', 'appOnVault'), { principalId: "[parameters('clientId')]" }),
    'an operator without a condition': (changed) =>
      delete made(changed, 'roles', 'operatorsOnTokenStorage').condition,
  },
  'storage accounts that are open to keys or to everybody': {
    'keys for the tokens': (changed) =>
      delete properties(changed, 'tokenStorage', 'account').allowSharedKeyAccess,
    'keys for the host': (changed) =>
      Object.assign(properties(changed, 'hostStorage', 'account'), { allowSharedKeyAccess: true }),
    'public blobs': (changed) =>
      Object.assign(properties(changed, 'tokenStorage', 'account'), { allowBlobPublicAccess: true }),
    http: (changed) =>
      Object.assign(properties(changed, 'hostStorage', 'account'), { supportsHttpsTrafficOnly: false }),
  },
  'features that keep erased caches': {
    'soft delete': (changed) =>
      Object.assign(properties(changed, 'tokenStorage', 'account::blobService'), {
        deleteRetentionPolicy: { enabled: true, days: 7 },
      }),
    'versioning that is not stated': (changed) =>
      delete properties(changed, 'tokenStorage', 'account::blobService').isVersioningEnabled,
    'a change feed': (changed) =>
      Object.assign(properties(changed, 'tokenStorage', 'account::blobService'), {
        changeFeed: { enabled: true },
      }),
    'no word about it': (changed) => delete made(changed, 'tokenStorage', 'account::blobService').properties,
  },
  'the two storage accounts': {
    'one account for both': (changed) =>
      Object.assign(pickObject(given(changed, 'tokenStorage'), 'name'), {
        value: "[variables('names').hostStorage]",
      }),
  },
  'the key vault': {
    'access policies': (changed) =>
      Object.assign(properties(changed, 'keyVault', 'vault'), { enableRbacAuthorization: false }),
    'no purge protection': (changed) => delete properties(changed, 'keyVault', 'vault').enablePurgeProtection,
  },
  'secrets in the template': {
    'a key of a storage account': (changed) =>
      Object.assign(pickObject(moduleOf(changed, 'tokenStorage'), 'outputs'), {
        key: { type: 'string', value: "[listKeys('account', '2025-06-01').keys[0].value]" },
      }),
    'a secret as a parameter': (changed) =>
      Object.assign(pickObject(changed, 'parameters'), { tokenCacheKeys: { type: 'securestring' } }),
    'a secret that the template makes': (changed) =>
      Object.assign(pickObject(moduleOf(changed, 'keyVault'), 'resources'), {
        secret: { type: 'Microsoft.KeyVault/vaults/secrets', apiVersion: '2025-05-01', name: 'a/b' },
      }),
    'an instrumentation key': (changed) =>
      Object.assign(pickObject(moduleOf(changed, 'monitoring'), 'outputs'), {
        key: { type: 'string', value: "[reference('component').InstrumentationKey]" },
      }),
  },
  'outputs of main': {
    'the connection string of the logs': (changed) =>
      Object.assign(pickObject(changed, 'outputs'), {
        LOGS: { type: 'string', value: "[reference('monitoring').outputs.connectionString.value]" },
      }),
  },
  tags: {
    'a resource without tags': (changed) => delete made(changed, 'keyVault', 'vault').tags,
    'a resource with its own tags': (changed) =>
      Object.assign(made(changed, 'identity', 'identity'), { tags: { a: 'b' } }),
    'a group without tags': (changed) => delete pickObject(changed, 'resources', 'group').tags,
    'a module that gets no tags': (changed) => delete given(changed, 'network').tags,
    'no name of the environment': (changed) =>
      Object.assign(pickObject(changed, 'variables'), { tags: "[parameters('extraTags')]" }),
    'an app that azd does not find': (changed) =>
      Object.assign(made(changed, 'functionApp', 'app'), { tags: "[parameters('tags')]" }),
    'a page that azd does not find': (changed) =>
      Object.assign(given(changed, 'page'), { tags: { value: "[variables('tags')]" } }),
  },
  'logs that anybody can write': {
    'keys for the logs': (changed) =>
      Object.assign(properties(changed, 'monitoring', 'component'), { DisableLocalAuth: false }),
  },
  'parameters of logs and alerts': {
    'a fixed retention': (changed) =>
      Object.assign(properties(changed, 'monitoring', 'workspace'), { retentionInDays: 90 }),
    'a receiver without an address': (changed) =>
      Object.assign(properties(changed, 'monitoring', 'people'), {
        emailReceivers: [{ name: 'operators', emailAddress: '' }],
      }),
  },
  'the call that wakes the worker': {
    'on by default': (changed) => Object.assign(parameter(changed, 'wakeWorker'), { defaultValue: true }),
    'without a token': (changed) =>
      Object.assign((properties(changed, 'alerts', 'waker').webhookReceivers as Json[])[0] ?? {}, {
        useAadAuth: false,
      }),
    'in every deployment': (changed) => delete made(changed, 'alerts', 'wakeRule').condition,
    'only once': (changed) =>
      Object.assign(properties(changed, 'alerts', 'wakeRule'), { autoMitigate: true }),
  },
  'alerts that nobody hears, or that fail at the first deployment': {
    'no group': (changed) =>
      Object.assign(properties(changed, 'alerts', 'rules'), { actions: { actionGroups: [] } }),
    'a query that is tried before there are logs': (changed) =>
      delete properties(changed, 'alerts', 'rules').skipQueryValidation,
  },
  'host names that are computed or belong to one cloud': {
    'the host name of the app': (changed) =>
      Object.assign(pickObject(changed, 'outputs', 'API_URI'), {
        value: "[format('https://{0}.azurewebsites.net', variables('names').app)]",
      }),
    'the public cloud': (changed) =>
      Object.assign(settings(changed), { ENTRA_AUTHORITY: 'https://login.microsoftonline.com' }),
  },
  'previews of an API': {
    'a preview': (changed) =>
      Object.assign(made(changed, 'functionApp', 'app'), { apiVersion: '2025-05-01-preview' }),
  },
  'a private network that is not complete': {
    'an endpoint that is missing': (changed) => (variables(changed, 'network').endpoints as unknown[]).pop(),
    'the delegation of other plans': (changed) => {
      const [, app] = properties(changed, 'network', 'network').subnets as unknown[];
      const [delegation] = pick(app, 'properties', 'delegations') as unknown[];
      return Object.assign(pickObject(delegation, 'properties'), {
        serviceName: 'Microsoft.Web/serverFarms',
      });
    },
    'an account that stays open': (changed) =>
      Object.assign(given(changed, 'tokenStorage'), { publicAccess: { value: true } }),
  },
};

describe('the rules for the template', () => {
  it('are each shown to find something', () => {
    expect(Object.keys(MUTATIONS).sort()).toEqual(Object.keys(TEMPLATE_RULES).sort());
  });

  const cases = Object.entries(MUTATIONS).flatMap(([rule, changes]) =>
    Object.entries(changes).map(([what, change]) => [rule, what, change] as const),
  );

  it.each(cases)('find in "%s": %s', (rule, _what, change) => {
    const changed = structuredClone(template);
    change(changed);
    expect(TEMPLATE_RULES[rule]?.(changed)).not.toEqual([]);
  });
});
