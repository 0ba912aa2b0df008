import { createStead } from '@stead/shared';
import { readConfig } from '@stead/shared/config';
import { defineFunction } from '@stead/shared/defineFunction';
import { graph } from '@stead/shared/graph';
import { createFetchHandlers } from '@stead/shared/http';
import { nodeListener } from '@stead/shared/node';
import { memoryStores } from '@stead/shared/stores/memory';
import cors from 'cors';
import express from 'express';

const me = defineFunction({
  name: 'me',
  api: graph,
  scopes: ['User.Read'],
  run: ({ graph }) => graph.api('/me').select(['displayName', 'jobTitle']).get(),
});

/** An Express app that answers who the caller is, and acts for its users while they are away. */
export function startApp(environment: NodeJS.ProcessEnv, { port = 3000, everyMs = 60_000 } = {}) {
  const stead = createStead(readConfig(environment, { hasOwnStores: true }), { stores: memoryStores });
  const { asUser, connection, refreshWorker } = createFetchHandlers(stead);
  const own = nodeListener(connection);
  const app = express();
  app.use(cors({ origin: environment.PAGE_ORIGIN ?? false }));
  app.get('/api/me', nodeListener(asUser(me)));
  app.route('/api/connection').get(own).put(own).delete(own);
  setInterval(refreshWorker, everyMs).unref();
  return app.listen(port);
}
