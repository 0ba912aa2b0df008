import type { HttpHandler } from '@azure/functions';
import { type Answer, answered, readAccessToken, readRequest } from '../shared/http.ts';
import type { UserFunction } from '../shared/requests/defineFunction.ts';
import type { Stead } from '../shared/stead.ts';

/**
 * Serves functions: every request is answered as the caller whom its access token names.
 * @returns makes the handler of one function. It throws a {@link TypeError} if another function has the same name.
 */
export function createUserHandler(stead: Stead): (fn: UserFunction) => HttpHandler {
  return (fn) => {
    stead.claimName(fn);
    return (request, context) =>
      answered(context, stead.services.clock, async (operation) => {
        const accessToken = readAccessToken(request.headers);
        const { result, ...facts } = await stead.asUser(operation, accessToken, fn, readRequest(request));
        return { ...(await contentOf(result)), facts };
      });
  };
}

async function contentOf(result: unknown): Promise<Omit<Answer, 'facts'>> {
  if (!(result instanceof Blob)) return { body: result };
  return { bytes: { type: result.type, data: new Uint8Array(await result.arrayBuffer()) } };
}
