/** What Graph refused, in words that say what to do. */
export type Refusal = { method: string; path: string; status: number; code: string; message: string };

/** @returns one line or two. It has Graph's own words, and neither a token nor a body. */
export function refusalText({ method, path, status, code, message }: Refusal): string {
  const said = `${method} ${path} was answered with ${status} ${code}${message === '' ? '' : `: ${message}`}`;
  return `${said}\n${adviceFor(path, status)}`.trimEnd();
}

/**
 * The roles are those of the pages on each operation: https://learn.microsoft.com/graph/api/application-post-applications,
 * https://learn.microsoft.com/graph/api/oauth2permissiongrant-post,
 * https://learn.microsoft.com/graph/api/serviceprincipal-post-approleassignedto, and
 * https://learn.microsoft.com/entra/identity/enterprise-apps/grant-admin-consent.
 */
function adviceFor(path: string, status: number): string {
  switch (status) {
    case 401:
      return 'The token is not accepted. Sign in again with "az login", or give a new GRAPH_TOKEN. It must be for Microsoft Graph in the cloud of --graph-url.';
    case 403:
      if (path.includes('/oauth2PermissionGrants'))
        return 'Consent for everybody needs the role Cloud Application Administrator, Application Administrator or Privileged Role Administrator. Run the command again as somebody who has it, or leave out --admin-consent.';
      return path.includes('/appRoleAssignedTo')
        ? 'To let Azure Monitor start a run needs the role Cloud Application Administrator or Application Administrator; for a token of an application, the permission AppRoleAssignment.ReadWrite.All. Run the command again as somebody who has it, or leave out --wake-worker.'
        : 'This needs the role Application Administrator or Cloud Application Administrator, or Application Developer for applications of your own. A token of an application needs Application.ReadWrite.OwnedBy or Application.ReadWrite.All.';
    case 429:
      return 'Graph throttles this tenant. Run the command again later: it goes on where it stopped.';
    default:
      return status >= 500 ? 'Run the command again later: it goes on where it stopped.' : '';
  }
}
