/** The only entry: environment, settings, adapters, functions. */
import { app } from '@azure/functions';
import { compose } from '../shared/compose.ts';
import { readConfig } from '../shared/config.ts';
import { createProfileHandler } from './profile/handler.ts';
import { createRefreshWorkerHandler } from './refreshWorker/handler.ts';

const services = compose(readConfig(process.env));
const deps = { ...services, now: () => new Date(), random: Math.random };

app.http('profile', {
  methods: ['GET'],
  // The bearer token is the authorization; a function key would be one more secret in a public page.
  authLevel: 'anonymous',
  route: 'profile',
  handler: createProfileHandler(deps),
});

app.timer('refreshWorker', { schedule: '0 * * * * *', handler: createRefreshWorkerHandler(deps) });
