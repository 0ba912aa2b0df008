import type { Rooms } from '../refusedLines.ts';

/** The rooms of `shared` beside its adapters. */
export const SHARED: Rooms = {
  'shared/account/some.ts': {
    allowed: ['./schedule.ts', '../ports.ts', '../errors.ts', '../userId.ts', '../log.ts'],
    refused: [
      'jose',
      'node:fs',
      'node:crypto',
      '../config.ts',
      '../tokens/cooldowns.ts',
      '../adapters/entra/seal.ts',
    ],
  },
  'shared/tokens/some.ts': {
    allowed: [
      './failures.ts',
      '../account/schedule.ts',
      '../clouds.ts',
      '../isRecord.ts',
      '../wire.ts',
      '../errors.ts',
      '../ports.ts',
    ],
    refused: [
      'jose',
      'node:fs',
      '../account/visit.ts',
      '../config.ts',
      '../stead.ts',
      '../adapters/entra/seal.ts',
    ],
  },
  'shared/requests/some.ts': {
    allowed: [
      './defineFunction.ts',
      '../account/visit.ts',
      '../tokens/assertionMemo.ts',
      '../ports.ts',
      '../wire.ts',
    ],
    refused: ['../connection/connection.ts', '../stead.ts', '../http.ts', '../adapters/graph/graphApi.ts'],
  },
  'shared/connection/some.ts': {
    allowed: ['../account/endAccount.ts', '../tokens/requestLimits.ts', '../ports.ts', '../wire.ts'],
    refused: ['../requests/asUser.ts', '../worker/sweep.ts', '../config.ts', '@azure/functions'],
  },
  'shared/health/some.ts': {
    allowed: ['./checkStorage.ts', '../errors.ts', '../ports.ts', '../userId.ts', '../wire.ts'],
    refused: ['../worker/sweep.ts', '../http.ts', '../adapters/entra/msal.ts', '../config.ts'],
  },
  'shared/operators/some.ts': {
    allowed: ['./retryAccount.ts', '../account/endAccount.ts', '../ports.ts', '../userId.ts'],
    refused: [
      '../worker/sweep.ts',
      '../stead.ts',
      '../adapters/azureStorage/tableAccounts.ts',
      'node:crypto',
    ],
  },
  'shared/worker/some.ts': {
    allowed: [
      './refreshUser.ts',
      '../account/schedule.ts',
      '../jsonOf.ts',
      '../tokens/failures.ts',
      '../ports.ts',
    ],
    refused: ['../requests/asUser.ts', '../stead.ts', '../adapters/graph/graphApi.ts', 'node:crypto'],
  },
  'shared/graphTasks/some.ts': {
    allowed: [
      './followDelta.ts',
      '../api.ts',
      '../config.ts',
      '../isRecord.ts',
      '../worker/defineTask.ts',
      '../adapters/graph/graphApi.ts',
    ],
    refused: [
      'jose',
      'node:fs',
      '@microsoft/microsoft-graph-client',
      '../clock.ts',
      '../stead.ts',
      '../worker/runTasks.ts',
      '../adapters/graph/graphClient.ts',
      '../adapters/entra/seal.ts',
    ],
  },
  'shared/serve/some.ts': {
    allowed: ['./handlers.ts', '../http.ts', '../stead.ts', '@azure/functions', 'node:http'],
    refused: [
      '../requests/asUser.ts',
      '../stores/azure.ts',
      '../adapters/entra/msal.ts',
      'express',
      'node:fs',
    ],
  },
  'shared/browser/some.ts': {
    allowed: ['./refusal.ts', '../wire.ts'],
    refused: ['react', '@azure/msal-browser', '../errors.ts', '../http.ts', 'node:crypto'],
  },
  'shared/stores/some.ts': {
    allowed: [
      '../adapters/azureStorage/tableAccounts.ts',
      '../adapters/memory/memorySharedState.ts',
      '../stead.ts',
    ],
    refused: ['@azure/storage-blob', '../adapters/entra/msal.ts', '../http.ts', '../worker/sweep.ts'],
  },
  'shared/testing/some.ts': {
    allowed: [
      './testClock.ts',
      '../stead.ts',
      '../adapters/memory/memoryAccountStore.ts',
      '../../dev/entra/startEntra.ts',
    ],
    refused: [
      '../requests/asUser.ts',
      '../adapters/azureStorage/tableAccounts.ts',
      '../../dev/platform.ts',
      'vitest',
    ],
  },
};
