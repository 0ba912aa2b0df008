import {
  given,
  givenTo,
  made,
  moduleOf,
  ofType,
  pick,
  pickObject,
  properties,
} from '../../support/armTemplate.ts';
import { differences, testTemplateRules } from '../../support/testTemplateRules.ts';

testTemplateRules({
  'storage accounts that are open to keys or to everybody': {
    faultsOf: (template) =>
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
    finds: {
      'keys for the tokens': (changed) =>
        delete properties(changed, 'tokenStorage', 'account').allowSharedKeyAccess,
      'keys for the host': (changed) =>
        Object.assign(properties(changed, 'hostStorage', 'account'), { allowSharedKeyAccess: true }),
      'public blobs': (changed) =>
        Object.assign(properties(changed, 'tokenStorage', 'account'), { allowBlobPublicAccess: true }),
      http: (changed) =>
        Object.assign(properties(changed, 'hostStorage', 'account'), { supportsHttpsTrafficOnly: false }),
    },
  },

  'features that keep erased caches': {
    faultsOf: (template) => {
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
        {
          softDelete: false,
          containerSoftDelete: false,
          versioning: false,
          changeFeed: false,
          restore: false,
        },
      );
    },
    finds: {
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
      'no word about it': (changed) =>
        delete made(changed, 'tokenStorage', 'account::blobService').properties,
    },
  },

  'one storage account for both purposes': {
    faultsOf: (template) =>
      differences(
        Object.fromEntries(
          ofType(template, 'Microsoft.Storage/storageAccounts').map(({ module }) => [
            module,
            givenTo(template, module, 'name'),
          ]),
        ),
        {
          hostStorage: "[variables('names').hostStorage]",
          tokenStorage: "[variables('names').tokenStorage]",
        },
      ),
    finds: {
      'one account for both': (changed) =>
        Object.assign(pickObject(given(changed, 'tokenStorage'), 'name'), {
          value: "[variables('names').hostStorage]",
        }),
    },
  },
});
