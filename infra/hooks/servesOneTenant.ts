import { optional } from './readOutput.ts';

/** True if `ALLOWED_TENANTS` leaves only the users of this tenant. */
export function servesOneTenant(tenant: string): boolean {
  const allowed = optional('ALLOWED_TENANTS').toLowerCase();
  return allowed === '' || allowed === tenant.toLowerCase();
}
