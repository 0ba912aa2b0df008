const COMMON = `  --name NAME
      Tells several registrations of one tenant apart: letters, digits and
      hyphens. Default: stead.
  --tenant TID
      The tenant that it must be. Default: that of the token.
  --graph-url URL
      The origin of Microsoft Graph. Default: https://graph.microsoft.com.
  --dry-run
      Prints every call with its body, and changes nothing.
  --json
      Prints one JSON object.

The access token for Microsoft Graph is that of the environment variable
GRAPH_TOKEN, or else of the Azure CLI ("az login"). It is never printed.

Exit code: 0 done, 1 not done (with the reason), 2 the command line is wrong.
`;

export const REGISTER_USAGE = `Usage: npm run entra:register -- [options]

Registers the API and the page in a tenant of Entra, or corrects what is
registered. You can repeat it: it sends only what is missing, and it continues
where it stopped. It never removes a value that it did not set, and it creates
no client secret.

  --page-url URL
      The origin of the page. You can give several. Default:
      http://localhost:3000.
  --no-page-url
      Adds no address of the page. It is not known before the page has a host.
  --api-url URL
      The origin of the functions, for the page's config.json. Default:
      http://localhost:7071.
  --permission NAME
      A delegated permission of Microsoft Graph that the API needs beside
      User.Read, such as Mail.Read. You can give several. Of the shipped tasks,
      drive-changes needs Files.Read. inbox-digest needs Mail.ReadBasic, and an
      administrator who consents.
  --managed-identity ID
      The principal id (object id) of a user-assigned managed identity, which
      becomes a credential of the API.
  --wake-worker
      Lets Azure Monitor start a run of the worker, if an alert says that it
      does not run: the API gets an application role, and the service principal
      "AzNS AAD Webhook" of this tenant has it.
  --link-url URL
      Lets users stay connected: the address of the callback of a link, the same
      as the setting LINK_REDIRECT_URI. It becomes a redirect URI of the API, of
      the platform Web.
  --admin-consent
      Consents for everybody in the tenant.
  --multi-tenant
      Lets users of other tenants sign in.
  --api-client-id ID
  --page-client-id ID
      Applications that exist already. What is wrong with them is named and
      corrected, and "npm run entra:cleanup" never deletes them.
${COMMON}`;

export const CLEANUP_USAGE = `Usage: npm run entra:cleanup -- [options]

Deletes the applications that "npm run entra:register" has created, with their
service principals, federated credentials and consents. It finds them by their
tag, so it deletes no others. You can repeat it. Entra keeps deleted
applications for 30 days, and an administrator can restore them.

${COMMON}`;
