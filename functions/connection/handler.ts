import type { HttpHandler } from '@azure/functions';
import { answered, readAccessToken } from '../../shared/http.ts';
import type { Stead } from '../../shared/stead.ts';

/** `GET`, `PUT` and `DELETE /api/connection`: the caller's own connection. */
export function createConnectionHandler({ connection, services }: Stead): HttpHandler {
  return (request, context) =>
    answered(context, services.clock, async (operation) => {
      const accessToken = readAccessToken(request.headers);
      if (request.method === 'DELETE') return { facts: await connection.disconnect(operation, accessToken) };
      const ask = request.method === 'PUT' ? connection.reconnect : connection.status;
      const { connection: body, user } = await ask(operation, accessToken);
      return { body, facts: { user } };
    });
}
