/** The entry file of the function app: reads the settings, creates the application, and registers the functions. */
import { app, output } from '@azure/functions';
import { readConfig } from '../shared/config.ts';
import { createFunctionHandlers } from '../shared/serve/functionHandlers.ts';
import { createStead } from '../shared/stead.ts';
import { azureStores } from '../shared/stores/azure.ts';
import { photo } from './profile/photo.ts';
import { profile } from './profile/profile.ts';
import { runUrlIn } from './refreshWorker/runUrl.ts';
import { tasksOf } from './refreshWorker/tasks.ts';

// The kill switch of the timer stops the worker, whoever starts it. A function of another name would not notice it.
const KILL_SWITCHES = ['AzureWebJobs.refreshWorker.Disabled', 'AzureWebJobs_refreshWorker_Disabled'];
const isWorkerOff = KILL_SWITCHES.some((name) => /^(?:true|1)$/i.test(process.env[name] ?? ''));

const config = readConfig(process.env);
const stead = createStead(config, {
  tasks: tasksOf(config.shippedTasks),
  stores: azureStores,
  ...(!isWorkerOff && { runUrl: () => runUrlIn(process.env) }),
});
// The queue is beside the accounts, so that operators see it with the same settings. Without the setting there is none.
const queue = { queueName: 'run-parts', connection: 'TokenStore' };
const parts = config.runs.splitAbove > 0 ? output.storageQueue(queue) : undefined;
const extraOutputs = parts === undefined ? [] : [parts];
const { asUser, connection, health, link, linkCallback, ready, refreshWorker, runWorker, sweepPart } =
  createFunctionHandlers(stead, parts && { parts });
// The access token authorises a request. A function key would only add a secret to a public page.
const authLevel = 'anonymous';

app.http('profile', { methods: ['GET'], authLevel, route: 'profile', handler: asUser(profile) });

app.http('photo', { methods: ['GET'], authLevel, route: 'profile/photo', handler: asUser(photo) });

app.http('connection', {
  methods: ['GET', 'PUT', 'DELETE'],
  authLevel,
  route: 'connection',
  handler: connection,
});

// Without LINK_REDIRECT_URI nobody can link, and the routes do not exist.
if (stead.services.link !== undefined) {
  app.http('link', { methods: ['GET', 'POST'], authLevel, route: 'connection/link', handler: link });

  app.http('linkCallback', {
    methods: ['GET'],
    authLevel,
    route: 'connection/link/callback',
    handler: linkCallback,
  });
}

app.http('health', { methods: ['GET'], authLevel, route: 'health', handler: health });

app.http('ready', { methods: ['GET'], authLevel, route: 'health/ready', handler: ready });

app.timer('refreshWorker', { schedule: '0 * * * * *', extraOutputs, handler: refreshWorker });

if (!isWorkerOff) {
  app.http('runWorker', {
    methods: ['POST'],
    authLevel,
    route: 'worker/run',
    extraOutputs,
    handler: runWorker,
  });

  if (parts !== undefined) {
    app.storageQueue('sweepPart', { ...queue, handler: sweepPart });
  }
}

// It logs once whether storage can be reached. An outage does not stop the app, because it may end soon. A process is mostly
// started because of a request, and that comes first.
const CHECKED_AFTER_MS = 2_000;
let cancelCheck = (): void => undefined;
app.hook.appStart(() => {
  cancelCheck = stead.services.clock.after(CHECKED_AFTER_MS, () => void stead.health());
});
app.hook.appTerminate(() => cancelCheck());

// Your own functions are registered beneath this line: docs/functions.md.
