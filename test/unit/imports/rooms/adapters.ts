import type { Rooms } from '../refusedLines.ts';

/** The rooms of `shared/adapters`. */
export const ADAPTERS: Rooms = {
  'shared/adapters/entra/msalSome.ts': {
    allowed: [
      '@azure/msal-node',
      './seal.ts',
      './credentialRemedy.ts',
      '../../clouds.ts',
      '../../tokens/failures.ts',
      '../../isRecord.ts',
      '../../ports.ts',
      '../../log.ts',
    ],
    refused: [
      'jose',
      'node:async_hooks',
      './clientCertificate.ts',
      '../azureStorage/blobTokenCache.ts',
      '../../config.ts',
      '../../stead.ts',
    ],
  },
  'shared/adapters/entra/msalManagedIdentity.ts': {
    allowed: ['@azure/msal-node', 'node:async_hooks', './msalNetwork.ts', '../../tokens/tokenMemo.ts'],
    refused: ['jose', './msal.ts', './seal.ts', '../../ports.ts', '../../userId.ts'],
  },
  'shared/adapters/entra/clientCertificate.ts': {
    allowed: ['node:crypto', './clientCredential.ts'],
    refused: ['jose', '../../clock.ts', '../../config.ts'],
  },
  'shared/adapters/entra/credentialRemedy.ts': {
    allowed: ['./clientCredential.ts', '../../clouds.ts'],
    refused: ['node:crypto', './msalCredential.ts', '../../config.ts'],
  },
  'shared/adapters/entra/seal.ts': {
    allowed: ['jose', './userKey.ts', '../../userId.ts'],
    refused: ['@azure/msal-node', 'node:crypto', '../../config.ts'],
  },
  'shared/adapters/entra/linkSealer.ts': {
    allowed: ['jose', './seal.ts', './userKey.ts', '../../ports.ts'],
    refused: ['@azure/msal-node', 'node:crypto', '../../config.ts'],
  },
  'shared/adapters/entra/userKey.ts': {
    allowed: ['node:crypto', '../../userId.ts'],
    refused: ['jose', './seal.ts', '../../ports.ts', '../../config.ts'],
  },
  'shared/adapters/entra/jwks.ts': {
    allowed: ['jose', '../../errors.ts', './fetchKeys.ts'],
    refused: ['./msal.ts', '../../stead.ts'],
  },
  'shared/adapters/entra/customKeys.ts': {
    allowed: ['jose', '../../errors.ts', './fetchKeys.ts'],
    refused: ['./msal.ts', '../../stead.ts'],
  },
  'shared/adapters/entra/fetchKeys.ts': { allowed: ['jose'], refused: ['./msal.ts', '../../stead.ts'] },
  'shared/adapters/entra/verifyToken.ts': {
    allowed: ['jose', '../../errors.ts', './accessToken.ts'],
    refused: ['./msal.ts', '../../stead.ts'],
  },
  'shared/adapters/entra/accessToken.ts': {
    allowed: ['../../clouds.ts', '../../errors.ts', '../../userId.ts'],
    refused: ['jose', './jwks.ts', '../../config.ts'],
  },
  'shared/adapters/entra/authority.ts': { allowed: ['../../errors.ts'], refused: ['jose', './msal.ts'] },
  'shared/adapters/graph/some.ts': {
    allowed: [
      '@microsoft/microsoft-graph-client',
      './graphApi.ts',
      '../../clouds.ts',
      '../../isRecord.ts',
      '../../wire.ts',
    ],
    refused: ['jose', '../entra/msal.ts', '../../config.ts'],
  },
  'shared/adapters/webhook/some.ts': {
    allowed: ['node:crypto', './webhookSettings.ts', '../../readBase64.ts', '../../tokens/retryAfter.ts'],
    refused: ['jose', 'standardwebhooks', '../entra/seal.ts', '../../config.ts'],
  },
  'shared/adapters/azureStorage/blobSome.ts': {
    allowed: ['@azure/storage-blob', './storageCall.ts', '../../ports.ts'],
    refused: ['@azure/data-tables', './tableRows.ts', '../entra/seal.ts'],
  },
  'shared/adapters/azureStorage/readUpTo.ts': {
    allowed: ['node:stream'],
    refused: ['@azure/data-tables', '../../config.ts'],
  },
  'shared/adapters/azureStorage/tableSome.ts': {
    allowed: [
      '@azure/data-tables',
      './accountRow.ts',
      './rowKeys.ts',
      '../shards.ts',
      '../../isRecord.ts',
      '../../userId.ts',
    ],
    refused: ['@azure/storage-blob', './blobTokenCache.ts', '../entra/seal.ts'],
  },
  'shared/adapters/azureStorage/storageSome.ts': {
    allowed: ['./storageRemedy.ts', '../../errors.ts', '../../isLoopback.ts'],
    refused: ['@azure/storage-blob', '@azure/data-tables', './tableRows.ts'],
  },
  'shared/adapters/shards.ts': {
    allowed: ['node:crypto', '../ports.ts', '../errors.ts', '../userId.ts'],
    refused: ['./memory/memoryAccountStore.ts', '../stead.ts', '@azure/data-tables'],
  },
  'shared/adapters/memory/some.ts': {
    allowed: ['../shards.ts', '../leaseAhead.ts', '../../ports.ts', '../../errors.ts', 'node:util'],
    refused: ['../azureStorage/tableAccounts.ts', '../../stead.ts', 'node:fs'],
  },
};
