import { SETTINGS } from '../../../shared/settingsReader.ts';
import { type Json, parameter, pickObject, settings } from '../../support/armTemplate.ts';
import { differences, testTemplateRules } from '../../support/testTemplateRules.ts';

/** Settings that Flex Consumption refuses or ignores, or that would give a connection a key. */
const FORBIDDEN_SETTINGS = [
  'AzureWebJobsStorage',
  'AzureWebJobsDashboard',
  'APPINSIGHTS_INSTRUMENTATIONKEY',
  'ENABLE_ORYX_BUILD',
  'ENTRA_CLIENT_SECRET',
  'FUNCTIONS_EXTENSION_VERSION',
  'FUNCTIONS_MAX_HTTP_CONCURRENCY',
  'FUNCTIONS_WORKER_DYNAMIC_CONCURRENCY_ENABLED',
  'FUNCTIONS_WORKER_PROCESS_COUNT',
  'FUNCTIONS_WORKER_RUNTIME',
  'FUNCTIONS_WORKER_RUNTIME_VERSION',
  'SCM_DO_BUILD_DURING_DEPLOYMENT',
  'TokenStore',
  'TZ',
  'WEBSITE_CONTENTAZUREFILECONNECTIONSTRING',
  'WEBSITE_CONTENTOVERVNET',
  'WEBSITE_CONTENTSHARE',
  'WEBSITE_DNS_SERVER',
  'WEBSITE_MAX_DYNAMIC_APPLICATION_SCALE_OUT',
  'WEBSITE_MOUNT_ENABLED',
  'WEBSITE_NODE_DEFAULT_VERSION',
  'WEBSITE_RUN_FROM_PACKAGE',
  'WEBSITE_SKIP_CONTENTSHARE_VALIDATION',
  'WEBSITE_TIME_ZONE',
  'WEBSITE_VNET_ROUTE_ALL',
];

const clientId = "[reference('identity').outputs.clientId.value]";

const outputOf = (module: string, output: string) => `[reference('${module}').outputs.${output}.value]`;

const secret = (name: string) =>
  `[format('@Microsoft.KeyVault(SecretUri={0}secrets/${name})', reference('keyVault').outputs.uri.value)]`;

/** The settings that the template itself decides. */
const OWN_SETTINGS: Record<string, string> = {
  AzureWebJobsStorage__credential: 'managedidentity',
  AzureWebJobsStorage__clientId: clientId,
  AzureWebJobsStorage__blobServiceUri: outputOf('hostStorage', 'blobUri'),
  AzureWebJobsStorage__tableServiceUri: outputOf('hostStorage', 'tableUri'),
  APPLICATIONINSIGHTS_CONNECTION_STRING: outputOf('monitoring', 'connectionString'),
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING:
    "[format('ClientId={0};Authorization=AAD', reference('identity').outputs.clientId.value)]",
  FUNCTIONS_NODE_BLOCK_ON_ENTRY_POINT_ERROR: 'true',
  ENTRA_MANAGED_IDENTITY_CLIENT_ID: clientId,
  TokenStore__credential: 'managedidentity',
  TokenStore__clientId: clientId,
  TokenStore__blobServiceUri: outputOf('tokenStorage', 'blobUri'),
  TokenStore__tableServiceUri: outputOf('tokenStorage', 'tableUri'),
  TokenStore__queueServiceUri: outputOf('tokenStorage', 'queueUri'),
  TOKEN_CACHE_KEYS: secret('token-cache-keys'),
  LOG_HASH_KEY: secret('log-hash-key'),
  // An app that has the pages without the callback does not start.
  LINK_RETURN_URLS: "[if(empty(parameters('linkRedirectUri')), '', parameters('linkReturnUrls'))]",
  // An app without a webhook has no such secret, and a reference that does not resolve would keep it from starting.
  NOTICE_WEBHOOK_SECRET: `[if(empty(parameters('noticeWebhookUrl')), '', ${secret('notice-webhook-secret').slice(1, -1)})]`,
};

/** Settings of Stead that the deployed app does without, because it has an identity. */
const REPLACED = ['ENTRA_CLIENT_SECRET', 'ENTRA_CLIENT_CERTIFICATE', 'TokenStore'];

const OPERATORS_SETTINGS = Object.entries(SETTINGS).filter(
  ([name]) => !REPLACED.includes(name) && !Object.hasOwn(OWN_SETTINGS, name),
);

const KILL_SWITCH = 'AzureWebJobs.refreshWorker.Disabled';

testTemplateRules({
  'settings that Flex Consumption refuses, or that hold a key': {
    faultsOf: (template) => FORBIDDEN_SETTINGS.filter((name) => Object.hasOwn(settings(template), name)),
    finds: {
      'the worker runtime': (changed) =>
        Object.assign(settings(changed), { FUNCTIONS_WORKER_RUNTIME: 'node' }),
      'a connection string of the host': (changed) =>
        Object.assign(settings(changed), { AzureWebJobsStorage: 'x' }),
      'a connection string of Stead': (changed) => Object.assign(settings(changed), { TokenStore: 'x' }),
      'a client secret': (changed) => Object.assign(settings(changed), { ENTRA_CLIENT_SECRET: 'x' }),
    },
  },

  'wrong settings of the platform and of connections': {
    faultsOf: (template) => differences(pickSettings(template, OWN_SETTINGS), OWN_SETTINGS),
    finds: {
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
  },

  'settings that no parameter decides': {
    faultsOf: (template) => {
      const wanted = Object.fromEntries(OPERATORS_SETTINGS.map(([name]) => [name, true]));
      const found = Object.fromEntries(
        OPERATORS_SETTINGS.map(([name]) => [
          name,
          comesFromParameter(settings(template)[name], camelCase(name)),
        ]),
      );
      return differences(found, wanted);
    },
    finds: {
      'a setting that is missing': (changed) => delete settings(changed).ALLOWED_TENANTS,
      'a setting that is fixed': (changed) => Object.assign(settings(changed), { RETENTION_DAYS: '90' }),
      'a setting from the wrong parameter': (changed) =>
        Object.assign(settings(changed), { REFRESH_IDLE_SECONDS: settings(changed).RETENTION_DAYS }),
    },
  },

  "defaults that are not the app's": {
    faultsOf: (template) =>
      OPERATORS_SETTINGS.filter(([name, own]) => {
        const parameter = pickObject(template, 'parameters', camelCase(name));
        const given = parameter.defaultValue;
        if (own === undefined) return given !== undefined && given !== '[tenant().tenantId]';
        return given !== '' && String(given) !== own;
      }).map(([name]) => name),
    finds: {
      'another number': (changed) => Object.assign(parameter(changed, 'retentionDays'), { defaultValue: 30 }),
      'another text': (changed) =>
        Object.assign(parameter(changed, 'apiScope'), { defaultValue: 'user_impersonation' }),
      'a default for what must be given': (changed) =>
        Object.assign(parameter(changed, 'entraClientId'), { defaultValue: '' }),
      'no default': (changed) => delete parameter(changed, 'refreshEveryRun').defaultValue,
    },
  },

  'settings that nobody knows': {
    faultsOf: (template) => {
      const known = [...Object.keys(OWN_SETTINGS), ...OPERATORS_SETTINGS.map(([name]) => name), KILL_SWITCH];
      return Object.keys(settings(template)).filter((name) => !known.includes(name));
    },
    finds: {
      'a spelling mistake': (changed) => Object.assign(settings(changed), { REFRESH_IDLE_SECOND: '60' }),
    },
  },

  'a kill switch that does not work': {
    faultsOf: (template) => {
      const { type, defaultValue } = pickObject(template, 'parameters', 'refreshWorkerDisabled');
      const value = settings(template)[KILL_SWITCH];
      return differences(
        { type, defaultValue, value },
        {
          type: 'bool',
          defaultValue: false,
          value: "[toLower(string(parameters('refreshWorkerDisabled')))]",
        },
      );
    },
    finds: {
      'no setting': (changed) => delete settings(changed)['AzureWebJobs.refreshWorker.Disabled'],
      'a worker that is off by default': (changed) =>
        Object.assign(parameter(changed, 'refreshWorkerDisabled'), { defaultValue: true }),
      'a fixed value': (changed) =>
        Object.assign(settings(changed), { 'AzureWebJobs.refreshWorker.Disabled': 'false' }),
    },
  },
});

const pickSettings = (template: Json, names: Record<string, unknown>): Json =>
  Object.fromEntries(Object.keys(names).map((name) => [name, settings(template)[name]]));

const camelCase = (setting: string): string =>
  setting.toLowerCase().replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

/** True for a parameter's value, also as text and in lower case, and for nothing else. */
const comesFromParameter = (value: unknown, name: string): boolean => {
  const parameter = `parameters('${name}')`;
  return [`[${parameter}]`, `[string(${parameter})]`, `[toLower(string(${parameter}))]`].includes(
    String(value),
  );
};
