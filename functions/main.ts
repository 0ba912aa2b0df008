/** The entry file of the function app: reads the settings, creates the application, and registers the functions. */
import { app, type HttpFunctionOptions } from '@azure/functions';
import { readConfig } from '../shared/config.ts';
import { createStead } from '../shared/stead.ts';
import { createConnectionHandler } from './connection/handler.ts';
import { healthHandler } from './health/handler.ts';
import { photo } from './profile/photo.ts';
import { profile } from './profile/profile.ts';
import { createRefreshWorkerHandler } from './refreshWorker/handler.ts';
import { tasks } from './refreshWorker/tasks.ts';
import { createUserHandler } from './userHandler.ts';

const stead = createStead(readConfig(process.env), { tasks });
const asUser = createUserHandler(stead);
// The access token authorises a request. A function key would only add a secret to a public page.
const authLevel = 'anonymous';
const GET: Pick<HttpFunctionOptions, 'methods' | 'authLevel'> = { methods: ['GET'], authLevel };

app.http('profile', { ...GET, route: 'profile', handler: asUser(profile) });

app.http('photo', { ...GET, route: 'profile/photo', handler: asUser(photo) });

app.http('connection', {
  methods: ['GET', 'PUT', 'DELETE'],
  authLevel,
  route: 'connection',
  handler: createConnectionHandler(stead),
});

app.http('health', { ...GET, route: 'health', handler: healthHandler });

app.timer('refreshWorker', { schedule: '0 * * * * *', handler: createRefreshWorkerHandler(stead) });

// It logs once, at the start, whether storage can be reached. An outage does not stop the app, because it may end soon.
app.hook.appStart(() => void stead.health());
