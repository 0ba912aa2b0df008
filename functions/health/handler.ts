import type { HttpHandler } from '@azure/functions';
import { alive } from '../../shared/http.ts';

/** `GET /api/health` says that this process answers. It does no I/O, gives no details and needs no access token. */
export const healthHandler: HttpHandler = async () => alive();
