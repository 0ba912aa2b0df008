import type { Throttle } from '../../errors.ts';

const SCOPES: Readonly<Record<string, Throttle['scope']>> = {
  tenant: 'tenant',
  tenant_application: 'tenant',
  application: 'application',
};

/**
 * Whose requests are too many, by Graph's header `x-ms-throttle-scope`: `<Scope>/<Limit>/<ApplicationId>/<id>`
 * (https://learn.microsoft.com/graph/throttling-limits#throttled-responses-requests). Undefined when there is none, or
 * one that is narrower than a tenant.
 */
export function readThrottleScope(header: string | null): Throttle['scope'] {
  const scope = header?.split('/')[0]?.trim().toLowerCase() ?? '';
  return Object.hasOwn(SCOPES, scope) ? SCOPES[scope] : undefined;
}
