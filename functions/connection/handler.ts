import type { HttpHandler } from '@azure/functions';
import {
  type ConnectionDeps,
  connect,
  disconnect,
  getConnection,
} from '../../shared/connection/connection.ts';
import { answered, readBearerToken } from '../../shared/http.ts';
import type { Log } from '../../shared/log.ts';

/** `GET`, `PUT` and `DELETE /api/connection`: the caller's own, and nobody else's. */
export function createConnectionHandler(deps: Omit<ConnectionDeps, 'log'>): HttpHandler {
  return (request, context) =>
    answered(context, async (log: Log) => {
      const bound = { ...deps, log };
      const bearerToken = readBearerToken(request.headers);
      if (request.method === 'DELETE') return { facts: await disconnect(bound, bearerToken) };
      const ask = request.method === 'PUT' ? connect : getConnection;
      const { connection, user } = await ask(bound, bearerToken);
      return { body: connection, facts: { user } };
    });
}
