import type { Rooms } from '../refusedLines.ts';

/** The files of `shared` that stand in no room. */
export const FLOOR: Rooms = {
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
      './account/nowByStore.ts',
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
};
