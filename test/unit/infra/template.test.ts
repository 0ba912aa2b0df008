import {
  given,
  givenTo,
  type Json,
  made,
  madeBy,
  moduleOf,
  pick,
  pickObject,
  settings,
} from '../../support/armTemplate.ts';
import { differences, testTemplateRules } from '../../support/testTemplateRules.ts';

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

testTemplateRules({
  'resources that cannot be found by their tags': {
    faultsOf: (template) => {
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
    finds: {
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
  },

  'host names that are computed or belong to one cloud': {
    faultsOf: (template) =>
      JSON.stringify(template).match(
        /azurewebsites|azurestaticapps|core\.windows\.net|vault\.azure\.net|login\.microsoftonline/g,
      ) ?? [],
    finds: {
      'the host name of the app': (changed) =>
        Object.assign(pickObject(changed, 'outputs', 'API_URI'), {
          value: "[format('https://{0}.azurewebsites.net', variables('names').app)]",
        }),
      'the public cloud': (changed) =>
        Object.assign(settings(changed), { ENTRA_AUTHORITY: 'https://login.microsoftonline.com' }),
    },
  },

  'previews of an API': {
    faultsOf: (template) =>
      madeBy(template).flatMap(({ module, symbol, resource }) =>
        String(resource.apiVersion).endsWith('preview') ? [`${module}/${symbol}`] : [],
      ),
    finds: {
      'a preview': (changed) =>
        Object.assign(made(changed, 'functionApp', 'app'), { apiVersion: '2025-05-01-preview' }),
    },
  },
});

/** True if the tags stem from those of main.bicep, which have `azd-env-name`. */
function isTagged(template: Json, module: string, tags: unknown): boolean {
  if (module === 'main') return tags === "[variables('tags')]";
  const [, parameter = ''] = /^\[parameters\('(\w+)'\)\]$/.exec(String(tags)) ?? [];
  return /^\[(?:union\()?variables\('tags'\)/.test(String(givenTo(template, module, parameter)));
}
