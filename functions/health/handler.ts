import type { HttpHandler } from '@azure/functions';
import { alive } from '../../shared/http.ts';

/** `GET /api/health`: this process answers. No I/O, no detail, no credential. */
export const healthHandler: HttpHandler = async () => alive();
