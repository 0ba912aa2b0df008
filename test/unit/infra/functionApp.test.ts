import {
  given,
  givenTo,
  made,
  moduleOf,
  ofType,
  parameter,
  pick,
  pickObject,
  properties,
} from '../../support/armTemplate.ts';
import { differences, testTemplateRules } from '../../support/testTemplateRules.ts';

testTemplateRules({
  'properties of siteConfig beside the two that are safe': {
    faultsOf: (template) =>
      ofType(template, 'Microsoft.Web/sites').flatMap(({ resource }) =>
        Object.keys(pickObject(resource, 'properties', 'siteConfig')).filter(
          (name) => !['cors', 'minTlsVersion'].includes(name),
        ),
      ),
    finds: {
      linuxFxVersion: (changed) =>
        Object.assign(pickObject(properties(changed, 'functionApp', 'app'), 'siteConfig'), {
          linuxFxVersion: 'NODE|24',
        }),
      alwaysOn: (changed) =>
        Object.assign(pickObject(properties(changed, 'functionApp', 'app'), 'siteConfig'), {
          alwaysOn: false,
        }),
    },
  },

  'an API that other origins than the page may call': {
    faultsOf: (template) => {
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
    finds: {
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
  },

  'a runtime that its parameter does not decide': {
    faultsOf: (template) => {
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
    finds: {
      'a fixed version': (changed) =>
        Object.assign(pickObject(properties(changed, 'functionApp', 'app'), 'functionAppConfig', 'runtime'), {
          version: '20',
        }),
      'an old version': (changed) => (parameter(changed, 'nodeVersion').allowedValues as string[]).push('20'),
      'another default': (changed) =>
        Object.assign(parameter(changed, 'nodeVersion'), { defaultValue: '22' }),
    },
  },

  'a function app without its plan, its identity or its settings': {
    faultsOf: (template) => {
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
    finds: {
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
  },

  'an app that starts before it has its roles': {
    faultsOf: (template) =>
      (pick(template, 'resources', 'functionApp', 'dependsOn') as string[]).includes('roles')
        ? []
        : ['functionApp'],
    finds: {
      'no dependency': (changed) =>
        Object.assign(pickObject(changed, 'resources', 'functionApp'), {
          dependsOn: ['identity', 'hostStorage'],
        }),
    },
  },
});
