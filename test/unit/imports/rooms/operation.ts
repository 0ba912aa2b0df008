import type { Rooms } from '../refusedLines.ts';

/** The rooms of `ops` and `infra`. */
export const OPERATION: Rooms = {
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
};
