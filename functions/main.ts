/** The only entry: environment, settings, application, functions. */
import { app } from '@azure/functions';
import { readConfig } from '../shared/config.ts';
import { createStead } from '../shared/stead.ts';
import { createConnectionHandler } from './connection/handler.ts';
import { healthHandler } from './health/handler.ts';
import { createPhotoHandler, createProfileHandler } from './profile/handler.ts';
import { createRefreshWorkerHandler } from './refreshWorker/handler.ts';
import { tasks } from './refreshWorker/tasks.ts';

const stead = createStead(readConfig(process.env), { tasks });
// The bearer token is the authorization; a function key would be one more secret in a public page.
const authLevel = 'anonymous';

app.http('profile', { methods: ['GET'], authLevel, route: 'profile', handler: createProfileHandler(stead) });

app.http('photo', {
  methods: ['GET'],
  authLevel,
  route: 'profile/photo',
  handler: createPhotoHandler(stead),
});

app.http('connection', {
  methods: ['GET', 'PUT', 'DELETE'],
  authLevel,
  route: 'connection',
  handler: createConnectionHandler(stead),
});

app.http('health', { methods: ['GET'], authLevel, route: 'health', handler: healthHandler });

app.timer('refreshWorker', { schedule: '0 * * * * *', handler: createRefreshWorkerHandler(stead) });

// Said once and early, but no reason to stay down: storage may come up a moment later.
app.hook.appStart(() => void stead.health());
