import type { Rooms } from '../refusedLines.ts';

/** The rooms of the local platform. */
export const LOCAL: Rooms = {
  'dev/library/some.ts': {
    allowed: ['node:fs/promises', './buildLibrary.ts', '../../ops/cli/errors.ts'],
    refused: ['../platform.ts', '../../shared/stead.ts', 'esbuild'],
  },
  'dev/some.ts': {
    allowed: [
      'node:timers/promises',
      'hono/secure-headers',
      '@hono/node-server/serve-static',
      'playwright-core',
      './platform.ts',
      './entra/directory.ts',
      './host/spawnHost.ts',
      '../ops/cli/errors.ts',
      '../shared/stores/azure.ts',
      '../shared/stead.ts',
      '../shared/settingsReader.ts',
      '../shared/userId.ts',
    ],
    refused: [
      '@azure/msal-node',
      'vitest',
      './host/startHost.ts',
      '../ops/operator.ts',
      '../functions/main.ts',
      '../shared/tokens/storedCache.ts',
      '../shared/adapters/entra/authority.ts',
      '../shared/adapters/memory/memoryAccountStore.ts',
      '../test/support/browser.ts',
      '../bench/rounds.ts',
    ],
  },
  'dev/sharedClient.ts': {
    allowed: [
      '@azure/msal-node',
      './platform.ts',
      './entra/signIn.ts',
      '../shared/stead.ts',
      '../shared/tokens/storedCache.ts',
      '../shared/adapters/entra/msalCachePlugin.ts',
      '../shared/adapters/entra/seal.ts',
    ],
    refused: [
      '../shared/tokens/cooldowns.ts',
      '../shared/adapters/entra/msal.ts',
      '../shared/adapters/azureStorage/blobTokenCache.ts',
      '../test/support/browser.ts',
    ],
  },
  'dev/entra/some.ts': {
    allowed: ['jose', 'hono', 'node:http'],
    refused: ['../../shared/wire.ts', '../host/cors.ts'],
  },
  'dev/package/some.ts': {
    allowed: [
      'node:fs/promises',
      './stagePackage.ts',
      '../buildFunctions.ts',
      '../host/spawnHost.ts',
      '../../ops/cli/runCommand.ts',
    ],
    refused: [
      'esbuild',
      '../host/startHost.ts',
      '../platform.ts',
      '../../functions/main.ts',
      '../../shared/stead.ts',
    ],
  },
  'dev/host/some.ts': {
    allowed: [
      '@azure/functions-core',
      '@azure/storage-queue',
      'node:http',
      './cors.ts',
      '../../ops/cli/readArguments.ts',
    ],
    refused: [
      '@azure/functions',
      '../../functions/main.ts',
      '../../ops/cli/runCommand.ts',
      '../entra/keys.ts',
      '../platform.ts',
    ],
  },
};
