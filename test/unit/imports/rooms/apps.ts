import type { Rooms } from '../refusedLines.ts';

const TASKS: Rooms[string] = {
  allowed: [
    './task.ts',
    '../apis/orders.ts',
    '../../shared/config.ts',
    '../../shared/graphTasks/followDelta.ts',
    '../../shared/graphTasks/shippedTasks.ts',
    '../../shared/worker/defineTask.ts',
    '../../shared/tokens/defineApi.ts',
    '../../shared/adapters/graph/graphApi.ts',
  ],
  refused: [
    '../profile/profile.ts',
    '../../shared/stead.ts',
    '../../shared/worker/runTasks.ts',
    '../../shared/adapters/entra/msal.ts',
    '@azure/functions',
  ],
};

/** The rooms of `functions` and of the examples. */
export const APPS: Rooms = {
  'functions/some/handler.ts': {
    allowed: [
      './tasks.ts',
      '../apis/orders.ts',
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
      '../refreshWorker/tasks.ts',
      '../../shared/requests/asUser.ts',
      '../../shared/worker/sweep.ts',
      '../../shared/config.ts',
      '../../shared/adapters/entra/msal.ts',
    ],
  },
  // The list of tasks, and each file of tasks beside it.
  'functions/refreshWorker/tasks.ts': TASKS,
  'functions/refreshWorker/some.ts': TASKS,
  'functions/apis/some.ts': {
    allowed: ['./other.ts', '../../shared/tokens/defineApi.ts'],
    refused: [
      '../refreshWorker/tasks.ts',
      '../profile/profile.ts',
      '../../shared/worker/defineTask.ts',
      '../../shared/stead.ts',
      '@azure/functions',
    ],
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
};
