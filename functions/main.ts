/** The only entry: environment, settings, adapters, functions. */
import { app } from '@azure/functions';
import { readConfig } from '../shared/config.ts';
import { createLog, nameOfError } from '../shared/log.ts';
import { compose } from '../shared/stead.ts';
import { createAssertionMemo } from '../shared/tokens/assertionMemo.ts';
import { createCooldowns } from '../shared/tokens/cooldowns.ts';
import { createRequestLimits } from '../shared/tokens/requestLimits.ts';
import { createConnectionHandler } from './connection/handler.ts';
import { healthHandler } from './health/handler.ts';
import { createPhotoHandler, createProfileHandler } from './profile/handler.ts';
import { createRefreshWorkerHandler } from './refreshWorker/handler.ts';

const services = compose(readConfig(process.env));
const now = () => new Date();
const deps = {
  ...services,
  now,
  random: Math.random,
  memo: createAssertionMemo({ now }),
  cooldowns: createCooldowns({ now }),
  limits: createRequestLimits({ now }),
};
// The bearer token is the authorization; a function key would be one more secret in a public page.
const authLevel = 'anonymous';

app.http('profile', { methods: ['GET'], authLevel, route: 'profile', handler: createProfileHandler(deps) });

app.http('photo', { methods: ['GET'], authLevel, route: 'profile/photo', handler: createPhotoHandler(deps) });

app.http('connection', {
  methods: ['GET', 'PUT', 'DELETE'],
  authLevel,
  route: 'connection',
  handler: createConnectionHandler(deps),
});

app.http('health', { methods: ['GET'], authLevel, route: 'health', handler: healthHandler });

app.timer('refreshWorker', { schedule: '0 * * * * *', handler: createRefreshWorkerHandler(deps) });

// Said once and early, but no reason to stay down: storage may come up a moment later.
app.hook.appStart(() => {
  const log = createLog(console);
  services.checkStorage().then(
    () => log({ event: 'storage.ready' }),
    (error: unknown) =>
      log({
        event: 'storage.unreachable',
        setting: 'TokenStore',
        remedy:
          'Start Azurite, or check TokenStore and the firewall of its account. Until then nothing is kept.',
        error: nameOfError(error),
      }),
  );
});
