import type { Rooms } from '../refusedLines.ts';

/** The rooms of the benchmarks. */
export const BENCHMARKS: Rooms = {
  'bench/some.ts': {
    allowed: ['node:os', './rounds.ts', './seal/sealBenchmark.ts', '../ops/cli/runCommand.ts'],
    refused: ['jose', '../shared/stead.ts', '../shared/adapters/entra/seal.ts', '../dev/platform.ts'],
  },
  'bench/seal/some.ts': {
    allowed: [
      'node:crypto',
      'jose',
      './sealParts.ts',
      '../rounds.ts',
      '../../ops/cli/printTable.ts',
      '../../shared/userId.ts',
      '../../shared/adapters/entra/seal.ts',
    ],
    refused: [
      '../../shared/stead.ts',
      '../../shared/adapters/entra/msal.ts',
      '../../dev/platform.ts',
      '../../test/support/testApp.ts',
    ],
  },
  'bench/dueAccount.ts': {
    allowed: ['node:crypto', './makeMsalCache.ts', '../shared/account/account.ts', '../shared/userId.ts'],
    refused: ['./rounds.ts', '../shared/stead.ts', '../shared/adapters/entra/seal.ts'],
  },
  'bench/memory/some.ts': {
    allowed: [
      './dueUsers.ts',
      '../rounds.ts',
      '../upstreams/startUpstreams.ts',
      '../../ops/cli/readArguments.ts',
      '../../shared/stead.ts',
      '../../shared/log.ts',
    ],
    refused: [
      '@azure/msal-node',
      '../upstreams/identityService.ts',
      '../../shared/worker/sweep.ts',
      '../../shared/adapters/memory/memoryAccountStore.ts',
      '../../shared/adapters/entra/seal.ts',
      '../../dev/platform.ts',
    ],
  },
  'bench/memory/dueUsers.ts': {
    allowed: [
      'node:crypto',
      '../dueAccount.ts',
      '../../shared/ports.ts',
      '../../shared/adapters/memory/memoryAccountStore.ts',
      '../../shared/adapters/entra/seal.ts',
    ],
    refused: [
      './runSweep.ts',
      '../../shared/adapters/entra/msal.ts',
      '../../shared/adapters/azureStorage/tableAccounts.ts',
      '../../test/support/testApp.ts',
    ],
  },
  'bench/worker/some.ts': {
    allowed: [
      'node:child_process',
      './sweepProcess.ts',
      '../rounds.ts',
      '../upstreams/startUpstreams.ts',
      '../../ops/cli/readArguments.ts',
    ],
    refused: [
      '@azure/msal-node',
      '../../shared/stead.ts',
      '../profile/startStage.ts',
      '../../dev/platform.ts',
    ],
  },
  'bench/worker/sweepProcess.ts': {
    allowed: [
      './comparisons.ts',
      '../dueAccount.ts',
      '../../shared/stead.ts',
      '../../shared/stores/azure.ts',
      '../../shared/adapters/entra/seal.ts',
    ],
    refused: [
      '../rounds.ts',
      '../../shared/worker/sweep.ts',
      '../../shared/adapters/azureStorage/tableAccounts.ts',
    ],
  },
  'bench/worker/comparisons.ts': {
    allowed: ['@azure/msal-node', '@azure/data-tables', '../makeMsalCache.ts'],
    refused: ['../../shared/stead.ts', './sweepProcess.ts'],
  },
  'bench/profile/some.ts': {
    allowed: [
      'esbuild',
      './startStage.ts',
      '../rounds.ts',
      '../upstreams/startUpstreams.ts',
      '../../dev/buildFunctions.ts',
      '../../dev/host/spawnHost.ts',
      '../../ops/cli/printTable.ts',
    ],
    refused: [
      '@azure/msal-node',
      '../../shared/stead.ts',
      '../../dev/platform.ts',
      '../worker/sweepProcess.ts',
    ],
  },
  'bench/profile/apps/some.ts': {
    allowed: ['@azure/functions', '@microsoft/microsoft-graph-client', 'jose', './usage.ts'],
    refused: ['../../rounds.ts', '../../../shared/stead.ts', '../../../functions/main.ts'],
  },
  'bench/scale/some.ts': {
    allowed: ['node:fs/promises', './model.ts', '../../ops/cli/runCommand.ts'],
    refused: ['../rounds.ts', '../../shared/config.ts', '../../dev/platform.ts', 'jose'],
  },
  'bench/report/some.ts': {
    allowed: ['node:path', './barChart.ts', '../benchmark.ts', '../rounds.ts', '../../ops/cli/runCommand.ts'],
    refused: ['../run.ts', '../worker/workerBenchmark.ts', '../../shared/stead.ts'],
  },
  'bench/upstreams/some.ts': {
    allowed: ['node:http', 'jose', './tableService.ts', '../makeMsalCache.ts'],
    refused: [
      '@azure/data-tables',
      '../rounds.ts',
      '../../shared/userId.ts',
      '../../dev/entra/startEntra.ts',
    ],
  },
};
