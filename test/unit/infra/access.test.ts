import {
  followVariable,
  given,
  givenTo,
  type Json,
  loopOf,
  made,
  madeBy,
  moduleOf,
  ofType,
  pick,
  pickObject,
  properties,
  variables,
} from '../../support/armTemplate.ts';
import { differences, testTemplateRules } from '../../support/testTemplateRules.ts';

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
  // Storage Blob, Table and Queue Data Contributor
  'tokenStorageName ba92f5b4-2d11-453d-a403-e96b0029c9fe operatorsId operatorsType if operatorsId',
  'tokenStorageName 0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3 operatorsId operatorsType if operatorsId',
  'tokenStorageName 974c5e8b-45b9-4653-ba55-5f855dd0fb88 operatorsId operatorsType if operatorsId',
];

/** What the parameters of the roles stand for. */
const GIVEN = {
  identityName: "[variables('names').identity]",
  principalId: "[reference('identity').outputs.principalId.value]",
  hostStorageName: "[variables('names').hostStorage]",
  tokenStorageName: "[variables('names').tokenStorage]",
  vaultName: "[variables('names').vault]",
  componentName: "[variables('names').component]",
  deployerId: "[parameters('deployerId')]",
  operatorsId: "[parameters('operatorsId')]",
};

testTemplateRules({
  'roles that are not as listed': {
    faultsOf: (template) => {
      const found = rolesIn(template);
      return [
        ...found.filter((role) => !ROLES.includes(role)).map((role) => `too many: ${role}`),
        ...ROLES.filter((role) => !found.includes(role)).map((role) => `missing: ${role}`),
      ];
    },
    finds: {
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
        Object.assign(properties(changed, 'roles', 'appOnVault'), {
          principalId: "[parameters('clientId')]",
        }),
      'an operator without a condition': (changed) =>
        delete made(changed, 'roles', 'operatorsOnTokenStorage').condition,
    },
  },

  'roles for somebody else, or on something else': {
    faultsOf: (template) =>
      differences(
        Object.fromEntries(Object.keys(GIVEN).map((name) => [name, givenTo(template, 'roles', name)])),
        GIVEN,
      ),
    finds: {
      'the two storage accounts the wrong way round': (changed) =>
        Object.assign(given(changed, 'roles'), { hostStorageName: { value: GIVEN.tokenStorageName } }),
      'the client id in the place of the object id': (changed) =>
        Object.assign(given(changed, 'roles'), {
          principalId: { value: "[reference('identity').outputs.clientId.value]" },
        }),
      'operators who are not asked for': (changed) =>
        Object.assign(given(changed, 'roles'), { operatorsId: { value: GIVEN.deployerId } }),
    },
  },

  'a key vault without its protection': {
    faultsOf: (template) => {
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
    finds: {
      'access policies': (changed) =>
        Object.assign(properties(changed, 'keyVault', 'vault'), { enableRbacAuthorization: false }),
      'no purge protection': (changed) =>
        delete properties(changed, 'keyVault', 'vault').enablePurgeProtection,
    },
  },

  'secrets in the template': {
    faultsOf: (template) => {
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
    finds: {
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
  },

  'secrets among the outputs': {
    faultsOf: (template) =>
      Object.entries(pickObject(template, 'outputs'))
        .filter(([, output]) => /connectionString|secret/i.test(JSON.stringify(pick(output, 'value'))))
        .map(([name]) => name),
    finds: {
      'the connection string of the logs': (changed) =>
        Object.assign(pickObject(changed, 'outputs'), {
          LOGS: { type: 'string', value: "[reference('monitoring').outputs.connectionString.value]" },
        }),
    },
  },

  'logs that anybody can write': {
    faultsOf: (template) =>
      pick(moduleOf(template, 'monitoring'), 'resources', 'component', 'properties', 'DisableLocalAuth') ===
      true
        ? []
        : ['component'],
    finds: {
      'keys for the logs': (changed) =>
        Object.assign(properties(changed, 'monitoring', 'component'), { DisableLocalAuth: false }),
    },
  },
});

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
