import {
  givenTo,
  type Json,
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
  'logs and alerts that no parameter decides': {
    faultsOf: (template) =>
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
    finds: {
      'a fixed retention': (changed) =>
        Object.assign(properties(changed, 'monitoring', 'workspace'), { retentionInDays: 90 }),
      'a receiver without an address': (changed) =>
        Object.assign(properties(changed, 'monitoring', 'people'), {
          emailReceivers: [{ name: 'operators', emailAddress: '' }],
        }),
    },
  },

  'a call of the worker that is on by default, or has no token': {
    faultsOf: (template) => {
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
    finds: {
      'on by default': (changed) => Object.assign(parameter(changed, 'wakeWorker'), { defaultValue: true }),
      'without a token': (changed) =>
        Object.assign((properties(changed, 'alerts', 'waker').webhookReceivers as Json[])[0] ?? {}, {
          useAadAuth: false,
        }),
      'in every deployment': (changed) => delete made(changed, 'alerts', 'wakeRule').condition,
      'only once': (changed) =>
        Object.assign(properties(changed, 'alerts', 'wakeRule'), { autoMitigate: true }),
    },
  },

  'alerts that nobody hears, or that fail at the first deployment': {
    faultsOf: (template) =>
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
    finds: {
      'no group': (changed) =>
        Object.assign(properties(changed, 'alerts', 'rules'), { actions: { actionGroups: [] } }),
      'a query that is tried before there are logs': (changed) =>
        delete properties(changed, 'alerts', 'rules').skipQueryValidation,
    },
  },
});
