/**
 * What an application offers to others: scopes and application roles, and what Graph refuses in them
 * (https://learn.microsoft.com/graph/api/resources/permissionscope).
 */
import { badRequest, listOf, member, textsOf } from './graphProperties.ts';
import type { GraphObject } from './graphTable.ts';
import { GUID } from './input.ts';

const SCOPE_VALUE = /^[\w!#$%&'()*+,\-./:;<=>?@[\]^`{|}~]{1,120}$/;

/** A scope, or an application role. */
type Permission = Record<string, unknown> & { id: string; value: string; isEnabled: boolean };

/** The scopes that an application offers, also those that are not enabled. */
export const scopesOf = (application: GraphObject): Permission[] =>
  listOf(member(application, 'api').oauth2PermissionScopes ?? [], 'oauth2PermissionScopes') as Permission[];

/** The roles that an application offers to users and to applications, also those that are not enabled. */
export const appRolesOf = (application: GraphObject): Permission[] =>
  listOf(application.appRoles ?? [], 'appRoles') as Permission[];

export function checkScopes(scopes: readonly Permission[], before: readonly Permission[]): void {
  for (const { id, value, type, isEnabled, adminConsentDisplayName, adminConsentDescription } of scopes) {
    const isNew = !before.some((old) => old.id === id);
    const texts = [adminConsentDisplayName, adminConsentDescription];
    if (typeof id !== 'string' || !GUID.test(id) || !SCOPE_VALUE.test(value ?? ''))
      throw badRequest("Invalid value specified for property 'oauth2PermissionScopes'.");
    if (type !== 'User' && type !== 'Admin')
      throw badRequest("Invalid value specified for property 'type' of resource 'PermissionScope'.");
    if (texts.some((text) => typeof text !== 'string' || text === ''))
      throw badRequest('A permission needs adminConsentDisplayName and adminConsentDescription.');
    if (isNew && isEnabled !== true)
      throw badRequest('A new permission must be enabled.', 'InvalidPermissionScope');
    if (scopes.filter((other) => other.id === id || other.value === value).length > 1)
      throw badRequest('It contains duplicate values. Please provide unique value.', 'DuplicateValue');
  }
  checkEnabled(scopes, before);
}

/** To be disabled is the one change that an enabled permission may undergo. */
function checkEnabled(permissions: readonly Permission[], before: readonly Permission[]): void {
  for (const old of before) {
    const now = permissions.find(({ id }) => id === old.id);
    const { isEnabled: _old, ...rest } = old;
    const { isEnabled: _now, ...restNow } = now ?? { isEnabled: false };
    if (old.isEnabled && JSON.stringify(sorted(rest)) !== JSON.stringify(sorted(restNow)))
      throw badRequest(
        'Permission (scope or role) cannot be deleted or updated unless disabled first.',
        'CannotDeleteOrUpdateEnabledEntitlement',
      );
  }
}

/** https://learn.microsoft.com/graph/api/resources/approle */
export function checkAppRoles(application: GraphObject, before: readonly Permission[]): void {
  const roles = appRolesOf(application);
  for (const { id, value, isEnabled, displayName, description, allowedMemberTypes } of roles) {
    const texts = [displayName, description];
    if (typeof id !== 'string' || !GUID.test(id) || !SCOPE_VALUE.test(value ?? ''))
      throw badRequest("Invalid value specified for property 'appRoles'.");
    if (texts.some((text) => typeof text !== 'string' || text === ''))
      throw badRequest('An app role needs displayName and description.');
    const members = textsOf(allowedMemberTypes, 'allowedMemberTypes');
    if (members.length === 0 || members.some((one) => one !== 'User' && one !== 'Application'))
      throw badRequest("Invalid value specified for property 'allowedMemberTypes' of resource 'AppRole'.");
    if (isEnabled !== true && !before.some((old) => old.id === id))
      throw badRequest('A new app role must be enabled.', 'InvalidAppRole');
    if (roles.filter((other) => other.id === id || other.value === value).length > 1)
      throw badRequest('It contains duplicate values. Please provide unique value.', 'DuplicateValue');
  }
  checkEnabled(roles, before);
}

const sorted = (object: object) => Object.entries(object).sort(([one], [other]) => (one < other ? -1 : 1));
