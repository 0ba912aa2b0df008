import {
  given,
  givenTo,
  type Json,
  moduleOf,
  pick,
  pickObject,
  properties,
  variables,
} from '../../support/armTemplate.ts';
import { differences, testTemplateRules } from '../../support/testTemplateRules.ts';

testTemplateRules({
  'a private network that is not complete': {
    faultsOf: (template) => {
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
    finds: {
      'an endpoint that is missing': (changed) =>
        (variables(changed, 'network').endpoints as unknown[]).pop(),
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
  },
});
