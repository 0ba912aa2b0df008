/**
 * Which applications have which roles at which resource: those that were assigned at Graph, and those that the control API
 * gives to the applications that are here from the start.
 */

import type { Applications } from './applications.ts';
import { TENANT_ID } from './directory.ts';
import { InputError, isRecord } from './input.ts';
import { appRolesOf } from './permissionRules.ts';

export type Assigned = { client: string; tenant: string; roles: readonly string[] };

export type AppRoles = {
  /** The `roles` of a token that the client gets for the resource in that tenant. */
  of(token: { client: string; resource: string; tenant: string }): string[];
  /**
   * Replaces all assignments of a resource that this method has made.
   * @throws InputError that says what was wrong and what is allowed
   */
  register(resource: string, input: unknown): void;
};

export function createAppRoles(directory: Applications): AppRoles {
  const registered = new Map<string, readonly Assigned[]>();

  /** All registrations of Graph are in one tenant. */
  function assignedAtGraph(client: string, resource: string): string[] {
    const principalOf = (appId: string) => directory.principals.seen().find((one) => one.appId === appId)?.id;
    const [principalId, resourceId] = [principalOf(client), principalOf(resource)];
    const application = directory.applications.seen().find(({ appId }) => appId === resource);
    if (application === undefined || principalId === undefined) return [];
    return directory.assignments
      .seen()
      .filter((one) => one.principalId === principalId && one.resourceId === resourceId)
      .flatMap(({ appRoleId }) => appRolesOf(application).find(({ id }) => id === appRoleId) ?? [])
      .flatMap(({ value, isEnabled }) => (isEnabled ? value : []));
  }

  return {
    of: ({ client, resource, tenant }) => {
      const given = (registered.get(resource) ?? [])
        .filter((one) => one.client === client && one.tenant === tenant)
        .flatMap(({ roles }) => roles);
      return [...new Set([...given, ...(tenant === TENANT_ID ? assignedAtGraph(client, resource) : [])])];
    },
    register(resource, input) {
      if (!Array.isArray(input)) throw new InputError('app roles: expected a list of assignments');
      registered.set(resource, input.map(readAssigned));
    },
  };
}

function readAssigned(input: unknown): Assigned {
  const { client, tenant = TENANT_ID, roles } = isRecord(input) ? input : {};
  const isRight =
    typeof client === 'string' &&
    typeof tenant === 'string' &&
    Array.isArray(roles) &&
    roles.every((role) => typeof role === 'string');
  if (isRight) return { client, tenant, roles };
  throw new InputError(
    'app roles: an assignment is { "client": <application id>, "tenant": <tenant id; optional>, "roles": [<name>] }',
  );
}
