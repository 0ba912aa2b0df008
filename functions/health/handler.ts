import type { HttpHandler } from '@azure/functions';
import { alive, answered, readinessAnswer } from '../../shared/http.ts';
import type { Stead } from '../../shared/stead.ts';

/** `GET /api/health` says that this process answers. It does no I/O, gives no details and needs no access token. */
export const healthHandler: HttpHandler = async () => alive();

/** `GET /api/health/ready` says whether storage and the credential can be used. It needs no access token. */
export function createReadyHandler({ readiness, services }: Stead): HttpHandler {
  return (_request, context) =>
    answered(context, services.clock, async (operation) => readinessAnswer(await readiness(operation)));
}
