import { execFile } from 'node:child_process';
import { cp, glob, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const BIOME = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome');

type Room = { allowed: string[]; refused: string[] };

/** A file that could stand in each room, and what it may and may not import. */
const ROOMS: Record<string, Room> = {
  'shared/wire.ts': { allowed: [], refused: ['./errors.ts', 'jose', 'node:crypto'] },
  'shared/errors.ts': { allowed: [], refused: ['./wire.ts', 'jose'] },
  'shared/clock.ts': { allowed: ['node:crypto'], refused: ['./errors.ts', 'node:timers'] },
  'shared/userId.ts': { allowed: ['node:crypto'], refused: ['./errors.ts', 'jose', 'node:fs'] },
  'shared/api.ts': { allowed: ['./errors.ts'], refused: ['./ports.ts', '@microsoft/microsoft-graph-client'] },
  'shared/sharedState.ts': { allowed: ['./errors.ts', './log.ts'], refused: ['./ports.ts', './clock.ts'] },
  'shared/ports.ts': {
    allowed: [
      './api.ts',
      './notices.ts',
      './wire.ts',
      './errors.ts',
      './clock.ts',
      './log.ts',
      './userId.ts',
    ],
    refused: ['./config.ts', './account/schedule.ts', '@microsoft/microsoft-graph-client'],
  },
  'shared/accountStore.ts': {
    allowed: ['./account/account.ts', './userId.ts'],
    refused: ['./ports.ts', './account/schedule.ts', '@azure/data-tables'],
  },
  'shared/notices.ts': {
    allowed: ['./account/account.ts', './userId.ts'],
    refused: ['./ports.ts', './account/notice.ts'],
  },
  'shared/tokenCacheStore.ts': {
    allowed: ['./account/account.ts', './userId.ts'],
    refused: ['./ports.ts', './errors.ts', '@azure/storage-blob'],
  },
  'shared/log.ts': { allowed: ['./errors.ts'], refused: ['./userId.ts', '@azure/functions'] },
  'shared/forEachAtOnce.ts': { allowed: [], refused: ['./errors.ts', 'node:events'] },
  'shared/readBase64.ts': { allowed: [], refused: ['./errors.ts', 'node:buffer'] },
  'shared/jsonOf.ts': { allowed: [], refused: ['./errors.ts', 'node:util'] },
  'shared/isRecord.ts': { allowed: [], refused: ['./errors.ts', 'node:util'] },
  'shared/isLoopback.ts': { allowed: [], refused: ['./config.ts'] },
  'shared/clouds.ts': { allowed: [], refused: ['./isLoopback.ts', './adapters/entra/authority.ts'] },
  'shared/settingsReader.ts': {
    allowed: ['./clouds.ts', './errors.ts', './userId.ts', './isLoopback.ts'],
    refused: ['./config.ts', './adapters/entra/seal.ts', 'node:crypto'],
  },
  'shared/config.ts': {
    allowed: [
      './adapters/entra/seal.ts',
      './adapters/entra/clientCertificate.ts',
      './adapters/webhook/webhookSettings.ts',
      './clock.ts',
      './clouds.ts',
      './settingsReader.ts',
      './storageSettings.ts',
      'node:crypto',
    ],
    refused: [
      './stead.ts',
      './adapters/entra/msal.ts',
      './adapters/webhook/noticeWebhook.ts',
      './adapters/azureStorage/tableRows.ts',
    ],
  },
  'shared/storageSettings.ts': {
    allowed: [
      './adapters/azureStorage/storageConnection.ts',
      './clouds.ts',
      './isLoopback.ts',
      './settingsReader.ts',
      './userId.ts',
    ],
    refused: ['./config.ts', './stead.ts', './adapters/azureStorage/tableRows.ts', 'node:crypto'],
  },
  'shared/http.ts': {
    allowed: [
      './errors.ts',
      './jsonOf.ts',
      './ports.ts',
      './refusalOf.ts',
      './wire.ts',
      './tokens/challenge.ts',
    ],
    refused: ['@azure/functions', './stead.ts', './requests/asUser.ts', './adapters/entra/msal.ts'],
  },
  'shared/refusalOf.ts': {
    allowed: ['./errors.ts', './wire.ts', './tokens/challenge.ts'],
    refused: ['./http.ts', './log.ts', './ports.ts', './tokens/failures.ts'],
  },
  'shared/httpBrowser.ts': {
    allowed: ['./errors.ts', './http.ts', './ports.ts', './wire.ts'],
    refused: ['@azure/functions', './stead.ts', './config.ts', './connection/openLink.ts'],
  },
  'shared/linkCookie.ts': {
    allowed: ['./errors.ts', './http.ts', './ports.ts'],
    refused: ['./stead.ts', './adapters/entra/linkSealer.ts', 'node:crypto'],
  },
  'shared/linkSettings.ts': {
    allowed: ['./isLoopback.ts', './ports.ts', './settingsReader.ts'],
    refused: ['./config.ts', './stead.ts', './clouds.ts', 'node:crypto'],
  },
  'shared/steadOptions.ts': {
    allowed: [
      './adapters/azureStorage/storageAccess.ts',
      './config.ts',
      './ports.ts',
      './tokens/requestLimits.ts',
      './worker/defineTask.ts',
    ],
    refused: ['./stead.ts', './createServices.ts', './adapters/entra/msal.ts', './requests/asUser.ts'],
  },
  'shared/createServices.ts': {
    allowed: [
      './adapters/entra/msal.ts',
      './adapters/azureStorage/storageAccess.ts',
      './tokens/heartbeat.ts',
      './clouds.ts',
      './config.ts',
      './ports.ts',
      './steadOptions.ts',
    ],
    refused: [
      './stead.ts',
      './requests/asUser.ts',
      './adapters/azureStorage/tableAccounts.ts',
      './stores/azure.ts',
      '@azure/storage-blob',
    ],
  },
  'shared/stead.ts': {
    allowed: [
      './adapters/graph/graphApi.ts',
      './createServices.ts',
      './requests/asUser.ts',
      './worker/sweep.ts',
      './ports.ts',
      './steadOptions.ts',
    ],
    refused: [
      '../functions/main.ts',
      './http.ts',
      './adapters/entra/msal.ts',
      './stores/azure.ts',
      '@azure/functions',
    ],
  },
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
  'ops/cli/some.ts': {
    allowed: ['./errors.ts', 'node:util', '../../shared/errors.ts', '../../shared/isRecord.ts'],
    refused: ['../../shared/config.ts', '../../dev/platform.ts', '../operator.ts', 'jose'],
  },
  'ops/entra/some.ts': {
    allowed: [
      'node:child_process',
      './call.ts',
      '../cli/errors.ts',
      '../../shared/clock.ts',
      '../../shared/clouds.ts',
      '../../shared/isLoopback.ts',
      '../../shared/userId.ts',
    ],
    refused: [
      '../operator.ts',
      '../settings.ts',
      '../../shared/stead.ts',
      '../../shared/config.ts',
      '../../shared/adapters/entra/authority.ts',
      '../../dev/entra/directory.ts',
      '@azure/msal-node',
    ],
  },
  'ops/doctor/some.ts': {
    allowed: [
      'node:crypto',
      './check.ts',
      './probe/runProbe.ts',
      '../cli/errors.ts',
      '../entra/readRegistered.ts',
      '../settings.ts',
      '../../shared/account/clocksDiffer.ts',
      '../../shared/graphTasks/shippedTasks.ts',
      '../../shared/clouds.ts',
      '../../shared/stead.ts',
      '../../shared/config.ts',
    ],
    refused: [
      '../operator.ts',
      '../../shared/account/endAccount.ts',
      '../../shared/adapters/entra/authority.ts',
      '../../shared/operators/operators.ts',
      '../../dev/entra/directory.ts',
      '@azure/msal-node',
    ],
  },
  'ops/doctor/probe/some.ts': {
    allowed: [
      'node:http',
      './facts.ts',
      '../askJson.ts',
      '../../cli/errors.ts',
      '../../../shared/config.ts',
      '../../../shared/tokens/failures.ts',
    ],
    refused: [
      '../storageCheck.ts',
      '../../entra/graphClient.ts',
      '../../../shared/stead.ts',
      '../../../shared/ports.ts',
      '../../../shared/tokens/grants.ts',
      'openid-client',
    ],
  },
  'ops/showQueue.ts': {
    allowed: ['@azure/storage-queue', '../shared/ports.ts', './cli/printTable.ts', './operator.ts'],
    refused: ['@azure/storage-blob', '../dev/platform.ts', '../shared/requests/asUser.ts'],
  },
  'ops/some.ts': {
    allowed: [
      '../shared/stores/azure.ts',
      '../shared/stead.ts',
      '../shared/config.ts',
      '../shared/clock.ts',
      '../shared/isRecord.ts',
      './cli/printTable.ts',
      './other.ts',
    ],
    refused: [
      '../shared/adapters/azureStorage/tableAccounts.ts',
      '../shared/requests/asUser.ts',
      '../shared/account/endAccount.ts',
      '../dev/platform.ts',
      '../dev/host/settings.ts',
    ],
  },
  'functions/some/handler.ts': {
    allowed: [
      './tasks.ts',
      '../../shared/http.ts',
      '../../shared/stead.ts',
      '../../shared/wire.ts',
      '../../shared/requests/defineFunction.ts',
      '../../shared/tokens/defineApi.ts',
      '../../shared/adapters/graph/graphApi.ts',
      '@azure/functions',
    ],
    refused: [
      '../profile/profile.ts',
      '../../shared/requests/asUser.ts',
      '../../shared/worker/sweep.ts',
      '../../shared/config.ts',
      '../../shared/adapters/entra/msal.ts',
    ],
  },
  'functions/refreshWorker/tasks.ts': {
    allowed: [
      '../../shared/config.ts',
      '../../shared/graphTasks/shippedTasks.ts',
      '../../shared/worker/defineTask.ts',
      '../../shared/tokens/defineApi.ts',
      '../../shared/adapters/graph/graphApi.ts',
      './task.ts',
    ],
    refused: ['../../shared/stead.ts', '../../shared/adapters/entra/msal.ts', '@azure/functions'],
  },
  'examples/ownStore/some.ts': {
    allowed: ['@stead/shared', '@stead/shared/ports', '@stead/shared/stores/memory'],
    refused: ['../../shared/ports.ts', '../../shared/stead.ts'],
  },
  'examples/express/some.ts': {
    allowed: ['./app.ts', 'cors', 'express', '@stead/shared', '@stead/shared/http'],
    refused: ['../../shared/stead.ts', '@azure/functions', 'jose'],
  },
  'examples/changes/some.ts': {
    allowed: ['./other.ts', 'node:crypto', '@stead/shared', '@stead/shared/defineTask'],
    refused: ['../../shared/stead.ts', '@azure/functions', 'express'],
  },
  'dev/library/some.ts': {
    allowed: ['node:fs/promises', './buildLibrary.ts', '../../ops/cli/errors.ts'],
    refused: ['../platform.ts', '../../shared/stead.ts', 'esbuild'],
  },
  'examples/some/some.ts': {
    allowed: [
      './other.ts',
      '../../shared/wire.ts',
      '../../shared/requests/defineFunction.ts',
      '../../shared/worker/defineTask.ts',
      '../../shared/tokens/defineApi.ts',
      '../../shared/adapters/graph/graphApi.ts',
    ],
    refused: ['../../shared/stead.ts', '../../shared/requests/asUser.ts', '../other/other.ts', 'jose'],
  },
  'functions/main.ts': {
    allowed: [
      '@azure/functions',
      '../shared/stead.ts',
      '../shared/config.ts',
      '../shared/serve/functionHandlers.ts',
      '../shared/stores/azure.ts',
      './profile/profile.ts',
    ],
    refused: ['../shared/adapters/entra/msal.ts', '../shared/requests/asUser.ts'],
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
  'infra/some.ts': {
    allowed: [
      'node:path',
      'node:fs/promises',
      './firstDifference.ts',
      './bicep/findBicep.ts',
      '../ops/cli/runCommand.ts',
    ],
    refused: [
      'jose',
      '../shared/errors.ts',
      '../shared/stead.ts',
      '../ops/operator.ts',
      '../dev/platform.ts',
    ],
  },
  'infra/hooks/some.ts': {
    allowed: [
      'node:timers/promises',
      './az.ts',
      '../../ops/cli/runAz.ts',
      '../../ops/cli/runCommand.ts',
      '../../ops/entra/runRegistration.ts',
      '../../shared/clouds.ts',
    ],
    refused: [
      'jose',
      '../check.ts',
      '../../ops/entra/graphClient.ts',
      '../../shared/errors.ts',
      '../../ops/operator.ts',
      '../../dev/platform.ts',
    ],
  },
  'infra/bicep/some.ts': {
    allowed: ['node:child_process', 'node:stream/consumers', './runProgram.ts', '../../ops/cli/errors.ts'],
    refused: ['jose', '../check.ts', '../../shared/errors.ts', '../../ops/operator.ts'],
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
  'spa/some.ts': {
    allowed: ['vite', '@vitejs/plugin-react', 'node:url', './contentSecurityPolicy.ts'],
    refused: ['react', './src/session/pageConfig.ts', '../shared/wire.ts', '../dev/platform.ts'],
  },
  'spa/src/some.tsx': {
    allowed: [
      'react',
      'react-dom/client',
      '@azure/msal-react',
      './App.tsx',
      './style.css',
      './session/startMsal.ts',
      './profile/ProfileHeader.tsx',
      './ui/Notice.tsx',
      './words/speech.tsx',
    ],
    refused: ['hono', './main.tsx', '../../shared/wire.ts', '../../shared/http.ts', '../../dev/platform.ts'],
  },
  'spa/src/words/some.tsx': {
    allowed: ['react', './en.ts', './times.ts'],
    refused: [
      '@azure/msal-browser',
      '../ui/Notice.tsx',
      '../session/directoryIds.ts',
      '../../../shared/wire.ts',
    ],
  },
  'spa/src/ui/some.tsx': {
    allowed: ['react', './CopyButton.tsx', '../words/speech.tsx'],
    refused: [
      '@azure/msal-browser',
      '../session/directoryIds.ts',
      '../api/callApi.ts',
      '../connection/Activity.tsx',
      '../../../shared/wire.ts',
    ],
  },
  'spa/src/session/some.tsx': {
    allowed: [
      '../words/speech.tsx',
      'react',
      '@azure/msal-browser',
      '@azure/msal-react',
      '@stead/shared/browser/signIn',
      './tabs.ts',
      '../ui/Notice.tsx',
    ],
    refused: [
      '../api/refusalDetails.ts',
      '@stead/shared',
      '../profile/useProfile.ts',
      '../connection/useConnection.ts',
      '../App.tsx',
      '../../../shared/wire.ts',
    ],
  },
  'spa/src/api/some.tsx': {
    allowed: [
      '../words/speech.tsx',
      'react',
      '@azure/msal-browser',
      './callApi.ts',
      '../session/signInError.ts',
      '../ui/Notice.tsx',
      '../../../shared/wire.ts',
    ],
    refused: [
      '../profile/useProfile.ts',
      '../connection/useConnection.ts',
      '../SignedIn.tsx',
      '../../../shared/errors.ts',
    ],
  },
  'spa/src/profile/some.tsx': {
    allowed: [
      '../words/speech.tsx',
      'react',
      './useProfile.ts',
      '../api/callApi.ts',
      '../session/tabs.ts',
      '../ui/Progress.tsx',
      '../../../shared/wire.ts',
    ],
    refused: ['@azure/msal-browser', '../connection/useConnection.ts', '../../../shared/http.ts'],
  },
  'spa/src/connection/some.tsx': {
    allowed: [
      '../words/speech.tsx',
      'react',
      './useConnection.ts',
      '../api/callApi.ts',
      '../session/tabs.ts',
      '../ui/Progress.tsx',
      '../../../shared/wire.ts',
    ],
    refused: ['@azure/msal-browser', '../profile/useProfile.ts', '../../../shared/http.ts'],
  },
  'spa/src/demo/some.tsx': {
    allowed: [
      '../words/speech.tsx',
      'react',
      './controls.ts',
      './demo.css',
      '@stead/shared/browser/signInAttempts',
      '../ui/Notice.tsx',
    ],
    refused: ['../connection/useConnection.ts', '../../../dev/demoControls.ts', '../../../shared/wire.ts'],
  },
};

/** The lines of files at these paths that the project's own Biome settings refuse, by the rule's category. */
async function refusedLines(
  category: string,
  files: Record<string, string[]>,
): Promise<Record<string, string[]>> {
  const project = await mkdtemp(join(tmpdir(), 'stead-imports-'));
  try {
    for (const file of ['biome.json', 'dev/clock.grit', 'dev/fetch.grit'])
      await cp(join(ROOT, file), join(project, file));
    for (const [path, lines] of Object.entries(files)) {
      await mkdir(dirname(join(project, path)), { recursive: true });
      await writeFile(join(project, path), lines.map((line) => `${line}\n`).join(''));
    }
    const options = ['lint', '--vcs-enabled=false', '--reporter=json', '--max-diagnostics=none', '.'];
    const run = promisify(execFile)(process.execPath, [BIOME, ...options], {
      cwd: project,
      maxBuffer: 2 ** 26,
    });
    // It ends with 1 where it finds something.
    const { stdout } = await run.catch((error: { stdout: string }) => error);
    const refused: Record<string, string[]> = {};
    for (const { category: found, location } of (JSON.parse(stdout) as Report).diagnostics) {
      if (found !== category) continue;
      const path = location.path.replaceAll('\\', '/');
      refused[path] = [...(refused[path] ?? []), files[path]?.[location.start.line - 1] ?? 'not one of ours'];
    }
    return refused;
  } finally {
    await rm(project, { recursive: true });
  }
}

const importing = (packages: readonly string[]): string[] => packages.map((from) => `import '${from}';`);
const refusedImports = (files: Record<string, string[]>) =>
  refusedLines('lint/style/noRestrictedImports', files);

type Report = {
  diagnostics: { category: string; location: { path: string; start: { line: number } } }[];
};

describe('the import table', async () => {
  const refused = await refusedImports(
    Object.fromEntries(
      Object.entries(ROOMS).map(([path, room]) => [path, importing([...room.allowed, ...room.refused])]),
    ),
  );

  it.each(Object.entries(ROOMS))('holds in %s', (path, room) => {
    expect(refused[path]?.sort()).toEqual(importing(room.refused).sort());
  });

  it('has a room for every file of the app, the page, the local platform, the templates and the benchmarks', async () => {
    const files: Record<string, string[]> = {};
    for (const root of ['shared', 'functions', 'examples', 'ops', 'dev', 'infra', 'bench', 'spa']) {
      for await (const file of glob(`${root}/**/*.{ts,tsx}`, { cwd: ROOT })) {
        files[file.replaceAll('\\', '/')] = importing(['a-package-of-nobody']);
      }
    }
    expect(Object.keys(files)).toContain('functions/main.ts');
    expect(Object.keys(await refusedImports(files)).sort()).toEqual(Object.keys(files).sort());
  });
});

describe('time, timers, ids, chance and requests', async () => {
  const FROM_THE_CLOCK = [
    'Date.now();',
    "Date['now']();",
    'Date();',
    'new Date();',
    'new Date;',
    'const { now } = Date;',
    'const { now: time } = Date;',
    'const Time = Date;',
    'read(Date);',
    'read({ Date });',
    'new Date(read(() => { const { now } = Date; }));',
    'performance.now();',
    "import { performance } from 'node:perf_hooks';",
    "import * as hooks from 'perf_hooks';",
    'process.hrtime();',
    'process.hrtime.bigint();',
    "process['hrtime']();",
    'const { hrtime } = process;',
    "import { hrtime as elapsed } from 'node:process';",
    'Math.random();',
    "Math['random']();",
    'const { random } = Math;',
    'const { random: chance } = Math;',
    'AbortSignal.timeout(5);',
    "AbortSignal['timeout'](5);",
    'const { timeout } = AbortSignal;',
    'crypto.randomUUID();',
    "crypto['randomUUID']();",
    'crypto.getRandomValues(new Uint8Array(1));',
    'const { randomUUID: newId } = crypto;',
    'globalThis.crypto.randomUUID();',
    "import { randomUUID } from 'node:crypto';",
    "import { randomUUID as id } from 'node:crypto';",
    "import { randomInt } from 'node:crypto';",
    "import { randomInt as draw } from 'node:crypto';",
    "import { getRandomValues as draw } from 'node:crypto';",
    "import { webcrypto as web } from 'node:crypto';",
    'setTimeout(() => {}, 5);',
    'setInterval(() => {}, 5);',
    'setImmediate(() => {});',
    'const later = setTimeout;',
    'read({ setTimeout });',
    'const { setTimeout: later } = window;',
    "import { setTimeout as pause } from 'node:timers/promises';",
    "import { setTimeout as pause } from 'node:timers';",
    "import * as timers from 'node:timers';",
    "import { scheduler } from 'timers/promises';",
    "const timers = await import('node:timers');",
    "globalThis.fetch('https://some.example');",
    "globalThis['fetch']('https://some.example');",
    'const { fetch } = globalThis;',
    'read({ globalThis });',
    'global.Date.now();',
  ];
  const BY_THE_ONE_FETCH = [
    "fetch('https://some.example');",
    'const send = fetch;',
    'read({ fetch });',
    'read(fetch);',
    'const read = (send = fetch) => send(address);',
  ];
  const FINE = [
    'new Date(5);',
    'new Date(value);',
    "Date.parse('2026-11-20');",
    'Date.UTC(2026, 10, 20);',
    'value instanceof Date;',
    'const times = new Map<string, Date>();',
    'const at = (time: Date = new Date(0)): Date => time;',
    'Math.max(1, 2);',
    'const signal: AbortSignal = AbortSignal.any([]);',
    'clock.now();',
    'clock.random();',
    'clock.timeout(5);',
    "import { createHash, randomBytes } from 'node:crypto';",
    'randomBytes(32);',
    'type Timer = ReturnType<typeof setTimeout>;',
    'type Fetch = typeof fetch;',
    'type Global = typeof globalThis.fetch;',
    'type Options = { fetch: Fetch; performance: number };',
    'options.fetch(address);',
    'const options = { fetch: send };',
    'const { fetch: given } = options;',
    'const open = (fetch: Fetch) => fetch(address);',
    'const open = ({ fetch }: Options) => read({ fetch });',
    'function open(address: string, fetch: Fetch) { return fetch(address); }',
    'const open = function (fetch: Fetch) { return fetch(address); };',
    'const opener = { open(fetch: Fetch) { return fetch(address); } };',
    'class Opener { constructor(fetch: Fetch) { this.#fetch = fetch; } }',
    'class Opener { open(fetch: Fetch) { return fetch(address); } }',
  ];
  const lines = [...FROM_THE_CLOCK, ...BY_THE_ONE_FETCH, ...FINE];
  const files = [
    'shared/worker/some.ts',
    'shared/adapters/entra/some.ts',
    'shared/worker/stead.ts',
    'functions/some/some.ts',
    'functions/shared/stead.ts',
    'ops/some.ts',
    'ops/stead.ts',
    'ops/clock.ts',
    'ops/entra/some.ts',
  ];
  const refused = await refusedLines(
    'plugin',
    Object.fromEntries(
      [...files, 'shared/clock.ts', 'shared/createServices.ts', 'ops/entra/openGraph.ts', 'dev/some.ts'].map(
        (file) => [file, lines],
      ),
    ),
  );
  /** Each refused line of a file once, because a line may break the rule in two places. */
  const refusedIn = (file: string): string[] => [...new Set(refused[file])].sort();

  it.each(files)('are asked of the clock, and go through one fetch, in %s', (file) => {
    expect(refusedIn(file)).toEqual([...FROM_THE_CLOCK, ...BY_THE_ONE_FETCH].sort());
  });

  it('are asked of the platform in the clock alone, and sent by the door and the registrations alone', () => {
    expect(refusedIn('shared/clock.ts')).toEqual([...BY_THE_ONE_FETCH].sort());
    expect(refusedIn('shared/createServices.ts')).toEqual([...FROM_THE_CLOCK].sort());
    expect(refusedIn('ops/entra/openGraph.ts')).toEqual([...FROM_THE_CLOCK].sort());
    expect(refused['dev/some.ts']).toBeUndefined();
  });
});
