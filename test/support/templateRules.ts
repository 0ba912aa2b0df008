import { SETTINGS } from '../../shared/settingsReader.ts';
import {
  followVariable,
  givenTo,
  type Json,
  loopOf,
  madeBy,
  moduleOf,
  ofType,
  pick,
  pickObject,
} from './armTemplate.ts';

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
};

/** Settings of Stead that no operator sets: an identity takes the place of the first two, the vault keeps the others. */
const NOT_AN_OPERATORS = ['ENTRA_CLIENT_SECRET', 'TokenStore', 'TOKEN_CACHE_KEYS', 'LOG_HASH_KEY'];
const OPERATORS_SETTINGS = Object.entries(SETTINGS).filter(([name]) => !NOT_AN_OPERATORS.includes(name));

const camelCase = (setting: string): string =>
  setting.toLowerCase().replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

const KILL_SWITCH = 'AzureWebJobs.refreshWorker.Disabled';

/** The assignments, each as scope, role, holder, kind of holder and condition. */
const ROLES = [
  // Storage Blob Data Owner, Storage Table Data Contributor
  "hostStorageName b7e6dc6d-f1e8-4753-8033-0f276bb0955b principalId 'ServicePrincipal'",
  "hostStorageName 0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3 principalId 'ServicePrincipal'",
  // Storage Blob, Table and Queue Data Contributor, at the account
  "tokenStorageName ba92f5b4-2d11-453d-a403-e96b0029c9fe principalId 'ServicePrincipal'",
  "tokenStorageName 0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3 principalId 'ServicePrincipal'",
  "tokenStorageName 974c5e8b-45b9-4653-ba55-5f855dd0fb88 principalId 'ServicePrincipal'",
  // Key Vault Secrets User
  "vaultName 4633458b-17de-408a-b874-0445c86b69e6 principalId 'ServicePrincipal'",
  // Monitoring Metrics Publisher
  "componentName 3913510d-42f4-4e42-8a64-420c390055eb principalId 'ServicePrincipal'",
  // Key Vault Secrets Officer
  'vaultName b86a8fe4-44ce-4948-aee5-eccb2c155cd7 deployerId deployerType if deployerId',
  // Storage Blob and Table Data Contributor
  'tokenStorageName ba92f5b4-2d11-453d-a403-e96b0029c9fe operatorsId operatorsType if operatorsId',
  'tokenStorageName 0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3 operatorsId operatorsType if operatorsId',
];

/** Resources that Azure gives no tags, because they are parts of another. */
const UNTAGGED = [
  'Microsoft.Authorization/roleAssignments',
  'Microsoft.Network/privateEndpoints/privateDnsZoneGroups',
  'Microsoft.Storage/storageAccounts/blobServices',
  'Microsoft.Storage/storageAccounts/blobServices/containers',
  'Microsoft.Web/sites/config',
];

const tagsWith = (service: string) =>
  `[union(variables('tags'), createObject('azd-service-name', '${service}'))]`;

/** What a template must be, by what is wrong with it otherwise. Each rule returns its faults. */
export const TEMPLATE_RULES: Record<string, (template: Json) => string[]> = {
  'settings that Flex Consumption refuses, or that hold a key': (template) =>
    FORBIDDEN_SETTINGS.filter((name) => Object.hasOwn(settingsOf(template), name)),

  'settings of the platform and of connections': (template) =>
    differences(pickSettings(template, OWN_SETTINGS), OWN_SETTINGS),

  'settings that an operator may change': (template) => {
    const wanted = Object.fromEntries(OPERATORS_SETTINGS.map(([name]) => [name, true]));
    const found = Object.fromEntries(
      OPERATORS_SETTINGS.map(([name]) => [
        name,
        comesFromParameter(settingsOf(template)[name], camelCase(name)),
      ]),
    );
    return differences(found, wanted);
  },

  "defaults that are not the app's": (template) =>
    OPERATORS_SETTINGS.filter(([name, own]) => {
      const parameter = pickObject(template, 'parameters', camelCase(name));
      const given = parameter.defaultValue;
      if (own === undefined) return given !== undefined && given !== '[tenant().tenantId]';
      return given !== '' && String(given) !== own;
    }).map(([name]) => name),

  'settings that nobody knows': (template) => {
    const known = [...Object.keys(OWN_SETTINGS), ...OPERATORS_SETTINGS.map(([name]) => name), KILL_SWITCH];
    return Object.keys(settingsOf(template)).filter((name) => !known.includes(name));
  },

  'the kill switch': (template) => {
    const { type, defaultValue } = pickObject(template, 'parameters', 'refreshWorkerDisabled');
    const value = settingsOf(template)[KILL_SWITCH];
    return differences(
      { type, defaultValue, value },
      {
        type: 'bool',
        defaultValue: false,
        value: "[toLower(string(parameters('refreshWorkerDisabled')))]",
      },
    );
  },

  'properties of siteConfig beside the two that are safe': (template) =>
    ofType(template, 'Microsoft.Web/sites').flatMap(({ resource }) =>
      Object.keys(pickObject(resource, 'properties', 'siteConfig')).filter(
        (name) => !['cors', 'minTlsVersion'].includes(name),
      ),
    ),

  'the origins that may call the API': (template) => {
    const site = pickObject(
      moduleOf(template, 'functionApp'),
      'resources',
      'app',
      'properties',
      'siteConfig',
    );
    const origin = String(givenTo(template, 'functionApp', 'pageOrigin'));
    return differences(
      {
        allowed: pick(site, 'cors', 'allowedOrigins'),
        credentials: pick(site, 'cors', 'supportCredentials'),
        fromPage: origin.includes("reference('page')") && origin.includes("'origin'"),
        fromParameter: origin.includes("parameters('pageOrigin')"),
      },
      {
        allowed:
          "[if(empty(parameters('pageOrigin')), createArray(), createArray(parameters('pageOrigin')))]",
        credentials: false,
        fromPage: true,
        fromParameter: true,
      },
    );
  },

  'the runtime': (template) => {
    const { runtime } = pickObject(
      moduleOf(template, 'functionApp'),
      'resources',
      'app',
      'properties',
      'functionAppConfig',
    );
    const { allowedValues, defaultValue } = pickObject(template, 'parameters', 'nodeVersion');
    return differences(
      {
        name: pick(runtime, 'name'),
        version: pick(runtime, 'version'),
        given: givenTo(template, 'functionApp', 'nodeVersion'),
        allowed: String(allowedValues),
        default: defaultValue,
      },
      {
        name: 'node',
        version: "[parameters('nodeVersion')]",
        given: "[parameters('nodeVersion')]",
        allowed: '22,24',
        default: '24',
      },
    );
  },

  'the function app and its identity': (template) => {
    const { plan, app } = pickObject(moduleOf(template, 'functionApp'), 'resources');
    const storage = pick(app, 'properties', 'functionAppConfig', 'deployment', 'storage');
    return differences(
      {
        plans: ofType(template, 'Microsoft.Web/serverfarms').length,
        sites: ofType(template, 'Microsoft.Web/sites').length,
        plan: pick(plan, 'sku', 'name'),
        kind: pick(app, 'kind'),
        httpsOnly: pick(app, 'properties', 'httpsOnly'),
        identity: pick(app, 'identity', 'type'),
        references: pick(app, 'properties', 'keyVaultReferenceIdentity'),
        deployment: pick(storage, 'authentication', 'type'),
        package: pick(storage, 'value'),
        settings: pick(moduleOf(template, 'functionApp'), 'resources', 'app::appSettings', 'properties'),
      },
      {
        plans: 1,
        sites: 1,
        plan: 'FC1',
        kind: 'functionapp,linux',
        httpsOnly: true,
        identity: 'UserAssigned',
        references: "[parameters('identityId')]",
        deployment: 'UserAssignedIdentity',
        package: "[parameters('packageContainerUri')]",
        settings: "[parameters('settings')]",
      },
    );
  },

  'an app that starts before it has its roles': (template) =>
    (pick(template, 'resources', 'functionApp', 'dependsOn') as string[]).includes('roles')
      ? []
      : ['functionApp'],

  'the roles and their scopes': (template) => {
    const found = rolesIn(template);
    return [
      ...found.filter((role) => !ROLES.includes(role)).map((role) => `too many: ${role}`),
      ...ROLES.filter((role) => !found.includes(role)).map((role) => `missing: ${role}`),
    ];
  },

  'storage accounts that are open to keys or to everybody': (template) =>
    ofType(template, 'Microsoft.Storage/storageAccounts').flatMap(({ module, resource }) => {
      const {
        allowSharedKeyAccess,
        allowBlobPublicAccess,
        minimumTlsVersion,
        supportsHttpsTrafficOnly,
        isLocalUserEnabled,
      } = pickObject(resource, 'properties');
      return differences(
        {
          allowSharedKeyAccess,
          allowBlobPublicAccess,
          minimumTlsVersion,
          supportsHttpsTrafficOnly,
          isLocalUserEnabled,
        },
        {
          allowSharedKeyAccess: false,
          allowBlobPublicAccess: false,
          minimumTlsVersion: 'TLS1_2',
          supportsHttpsTrafficOnly: true,
          isLocalUserEnabled: false,
        },
      ).map((fault) => `${module}: ${fault}`);
    }),

  'features that keep erased caches': (template) => {
    const blobs = pickObject(
      moduleOf(template, 'tokenStorage'),
      'resources',
      'account::blobService',
      'properties',
    );
    return differences(
      {
        softDelete: pick(blobs, 'deleteRetentionPolicy', 'enabled'),
        containerSoftDelete: pick(blobs, 'containerDeleteRetentionPolicy', 'enabled'),
        versioning: blobs.isVersioningEnabled,
        changeFeed: pick(blobs, 'changeFeed', 'enabled'),
        restore: pick(blobs, 'restorePolicy', 'enabled'),
      },
      { softDelete: false, containerSoftDelete: false, versioning: false, changeFeed: false, restore: false },
    );
  },

  'the two storage accounts': (template) =>
    differences(
      Object.fromEntries(
        ofType(template, 'Microsoft.Storage/storageAccounts').map(({ module }) => [
          module,
          givenTo(template, module, 'name'),
        ]),
      ),
      { hostStorage: "[variables('names').hostStorage]", tokenStorage: "[variables('names').tokenStorage]" },
    ),

  'the key vault': (template) => {
    const { enableRbacAuthorization, enablePurgeProtection, enableSoftDelete } = pickObject(
      moduleOf(template, 'keyVault'),
      'resources',
      'vault',
      'properties',
    );
    return differences(
      { enableRbacAuthorization, enablePurgeProtection, enableSoftDelete },
      { enableRbacAuthorization: true, enablePurgeProtection: true, enableSoftDelete: true },
    );
  },

  'secrets in the template': (template) => {
    const text = JSON.stringify(template);
    return [
      ...(text.match(/\blist\w*\(|SharedAccessKey|AccountKey=|getSecret\(/g) ?? []),
      ...(text.match(/"secure(?:String|Object)"/gi) ?? []),
      ...madeBy(template).flatMap(({ resource }) =>
        /vaults\/secrets/.test(String(resource.type)) ? [String(resource.type)] : [],
      ),
      ...outputsOf(template)
        .filter(([, value]) => /InstrumentationKey/i.test(JSON.stringify(value)))
        .map(([name]) => name),
    ];
  },

  'outputs of main': (template) =>
    Object.entries(pickObject(template, 'outputs'))
      .filter(([, output]) => /connectionString|secret/i.test(JSON.stringify(pick(output, 'value'))))
      .map(([name]) => name),

  tags: (template) => {
    const untagged = madeBy(template)
      .filter(({ resource }) => !UNTAGGED.includes(String(resource.type)))
      .filter(({ module, resource }) => !isTagged(template, module, resource.tags))
      .map(({ module, symbol }) => `${module}/${symbol}`);
    const { tags } = pickObject(template, 'variables');
    return [
      ...untagged,
      ...differences(
        {
          environment: tags,
          api: pick(moduleOf(template, 'functionApp'), 'resources', 'app', 'tags'),
          apiTags: givenTo(template, 'functionApp', 'appTags'),
          web: givenTo(template, 'page', 'tags'),
        },
        {
          environment:
            "[union(parameters('extraTags'), createObject('azd-env-name', parameters('environmentName')))]",
          api: "[parameters('appTags')]",
          apiTags: tagsWith('api'),
          web: tagsWith('web'),
        },
      ),
    ];
  },

  'logs that anybody can write': (template) =>
    pick(moduleOf(template, 'monitoring'), 'resources', 'component', 'properties', 'DisableLocalAuth') ===
    true
      ? []
      : ['component'],

  'parameters of logs and alerts': (template) =>
    differences(
      {
        retention: givenTo(template, 'monitoring', 'logRetentionDays'),
        used: pick(
          moduleOf(template, 'monitoring'),
          'resources',
          'workspace',
          'properties',
          'retentionInDays',
        ),
        mail: givenTo(template, 'monitoring', 'alertEmail'),
        mailDefault: pick(template, 'parameters', 'alertEmail', 'defaultValue'),
        receivers: String(
          pick(moduleOf(template, 'monitoring'), 'resources', 'people', 'properties', 'emailReceivers'),
        ).startsWith("[if(empty(parameters('alertEmail')), createArray(), createArray("),
      },
      {
        retention: "[parameters('logRetentionDays')]",
        used: "[parameters('logRetentionDays')]",
        mail: "[parameters('alertEmail')]",
        mailDefault: '',
        receivers: true,
      },
    ),

  'the call that wakes the worker': (template) => {
    const { waker, wakeRule } = pickObject(moduleOf(template, 'alerts'), 'resources');
    const [receiver] = pick(waker, 'properties', 'webhookReceivers') as unknown[];
    return differences(
      {
        default: pick(template, 'parameters', 'wakeWorker', 'defaultValue'),
        group: pick(waker, 'condition'),
        rule: pick(wakeRule, 'condition'),
        uri: pick(receiver, 'serviceUri'),
        withToken: pick(receiver, 'useAadAuth'),
        again: pick(wakeRule, 'properties', 'autoMitigate'),
      },
      {
        default: false,
        group: "[parameters('wakeWorker')]",
        rule: "[parameters('wakeWorker')]",
        uri: "[format('https://{0}/api/worker/run', parameters('appHostName'))]",
        withToken: true,
        again: false,
      },
    );
  },

  'alerts that nobody hears, or that fail at the first deployment': (template) =>
    ofType(template, 'Microsoft.Insights/scheduledQueryRules').flatMap(({ symbol, resource }) => {
      const properties = pickObject(resource, 'properties');
      const groups = pick(properties, 'actions', 'actionGroups') as unknown[];
      return differences(
        {
          enabled: properties.enabled,
          skipQueryValidation: properties.skipQueryValidation,
          groups: groups.length,
        },
        { enabled: true, skipQueryValidation: true, groups: 1 },
      ).map((fault) => `${symbol}: ${fault}`);
    }),

  'host names that are computed or belong to one cloud': (template) =>
    JSON.stringify(template).match(
      /azurewebsites|azurestaticapps|core\.windows\.net|vault\.azure\.net|login\.microsoftonline/g,
    ) ?? [],

  'previews of an API': (template) =>
    madeBy(template).flatMap(({ module, symbol, resource }) =>
      String(resource.apiVersion).endsWith('preview') ? [`${module}/${symbol}`] : [],
    ),

  'a private network that is not complete': (template) => {
    const module = moduleOf(template, 'network');
    const endpoints = pick(module, 'variables', 'endpoints') as Json[];
    const subnets = pick(module, 'resources', 'network', 'properties', 'subnets') as unknown[];
    return differences(
      {
        default: pick(template, 'parameters', 'privateNetwork', 'defaultValue'),
        condition: pick(template, 'resources', 'network', 'condition'),
        endpoints: endpoints
          .map(({ account, service }) => `${/'(\w+)Name'/.exec(String(account))?.[1]} ${service}`)
          .join(', '),
        delegation: JSON.stringify(pick(subnets[1], 'properties', 'delegations')).includes(
          'Microsoft.App/environments',
        ),
        host: givenTo(template, 'hostStorage', 'publicAccess'),
        token: givenTo(template, 'tokenStorage', 'publicAccess'),
      },
      {
        default: false,
        condition: "[parameters('privateNetwork')]",
        endpoints:
          'hostStorage blob, hostStorage table, tokenStorage blob, tokenStorage table, tokenStorage queue',
        delegation: true,
        host: "[not(parameters('privateNetwork'))]",
        token: "[not(parameters('privateNetwork'))]",
      },
    );
  },
};

const settingsOf = (template: Json): Json => givenTo(template, 'functionApp', 'settings') as Json;

const pickSettings = (template: Json, names: Record<string, unknown>): Json =>
  Object.fromEntries(Object.keys(names).map((name) => [name, settingsOf(template)[name]]));

/** True for a parameter's value, also as text and in lower case, and for nothing else. */
const comesFromParameter = (value: unknown, name: string): boolean => {
  const parameter = `parameters('${name}')`;
  return [`[${parameter}]`, `[string(${parameter})]`, `[toLower(string(${parameter}))]`].includes(
    String(value),
  );
};

function differences(found: Record<string, unknown>, wanted: Record<string, unknown>): string[] {
  return [...new Set([...Object.keys(found), ...Object.keys(wanted)])]
    .filter((name) => found[name] !== wanted[name])
    .map((name) => `${name} is ${JSON.stringify(found[name])}`);
}

function rolesIn(template: Json): string[] {
  return ofType(template, 'Microsoft.Authorization/roleAssignments').flatMap(({ module: name, resource }) => {
    const module = moduleOf(template, name);
    const loop = loopOf(module, resource);
    return (loop?.items ?? [undefined]).map((item) => {
      const scope = parameterIn(resource.scope);
      const { roleDefinitionId, principalId, principalType } = pickObject(resource, 'properties');
      const [, role] =
        /^\[subscriptionResourceId\('Microsoft.Authorization\/roleDefinitions', (.*)\)\]$/.exec(
          String(roleDefinitionId),
        ) ?? [];
      const isLooped = loop !== undefined && role === `variables('${loop.variable}')[copyIndex()]`;
      const id = followVariable(module, isLooped ? item : `[${role}]`);
      const type = String(principalType).startsWith('[') ? parameterIn(principalType) : `'${principalType}'`;
      const [, condition] =
        /^\[not\(empty\(parameters\('(\w+)'\)\)\)\]$/.exec(String(resource.condition)) ?? [];
      return `${scope} ${id} ${parameterIn(principalId)} ${type}${condition === undefined ? '' : ` if ${condition}`}`;
    });
  });
}

/** The name of the last parameter in an expression. */
const parameterIn = (expression: unknown): string =>
  /parameters\('(\w+)'\)\)?\]$/.exec(String(expression))?.[1] ?? '?';

function outputsOf(template: Json): [string, unknown][] {
  return Object.keys(pickObject(template, 'resources')).flatMap((module) =>
    Object.entries(pickObject(moduleOf(template, module), 'outputs')),
  );
}

/** True if the tags stem from those of main.bicep, which have `azd-env-name`. */
function isTagged(template: Json, module: string, tags: unknown): boolean {
  if (module === 'main') return tags === "[variables('tags')]";
  const [, parameter = ''] = /^\[parameters\('(\w+)'\)\]$/.exec(String(tags)) ?? [];
  return /^\[(?:union\()?variables\('tags'\)/.test(String(givenTo(template, module, parameter)));
}
