import { isRecord } from '../../shared/isRecord.ts';
import { type Graph, RefusedError } from '../entra/graphClient.ts';

/**
 * What users of a tenant may consent to. `managed` is the policy that Microsoft keeps for tenants that have chosen none
 * (https://learn.microsoft.com/entra/identity/enterprise-apps/configure-user-consent).
 */
export type UserConsent =
  | { kind: 'nobody' | 'legacy' | 'other' | 'unknown' }
  | { kind: 'managed'; isExcluded: (permission: string) => boolean };

const FOR_SELF = 'managepermissiongrantsforself.';
/** It allows some applications that Microsoft names, and no others. */
const NAMED_BY_MICROSOFT = 'microsoft-user-default-allow-consent-apps';
const EXCLUDED =
  /^(?:Mail|Calendars|Chat|ChatMessage|OnlineMeetings|MailboxSettings|Tasks|People)\.|^(?:Files|Sites)\..*\.All$/;

/** @throws {RefusedError} Graph does not answer. */
export async function readUserConsent(graph: Graph): Promise<UserConsent> {
  let policy: Record<string, unknown> | undefined;
  try {
    policy = await graph.read('/policies/authorizationPolicy?$select=defaultUserRolePermissions');
  } catch (error) {
    if (error instanceof RefusedError && error.status === 403) return { kind: 'unknown' };
    throw error;
  }
  const permissions = policy?.defaultUserRolePermissions;
  const assigned: unknown = isRecord(permissions) ? permissions.permissionGrantPoliciesAssigned : undefined;
  if (!Array.isArray(assigned)) return { kind: 'unknown' };
  const policies = assigned
    .map((name) => String(name).toLowerCase())
    .filter((name) => name.startsWith(FOR_SELF))
    .map((name) => name.slice(FOR_SELF.length))
    .filter((name) => name !== NAMED_BY_MICROSOFT);
  if (policies.length === 0) return { kind: 'nobody' };
  if (policies.includes('microsoft-user-default-legacy')) return { kind: 'legacy' };
  return policies.includes('microsoft-user-default-recommended')
    ? { kind: 'managed', isExcluded: (permission) => EXCLUDED.test(permission) }
    : { kind: 'other' };
}
