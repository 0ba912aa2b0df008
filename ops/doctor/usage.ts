export const USAGE = `Usage: npm run doctor -- [options]
       npm run doctor -- --probe [options]

Examines the settings, and what they name: the tenant, the signing keys, the
credential, the registrations, the consents, the storage and the clocks. Each
line says what is wrong, and what mends it.
It reads the settings from the environment, or else from Values of
local.settings.json. It changes no setting, no registration and no account. To
try whether storage can be written, it writes a blob and deletes it, and writes
a cooldown that has already ended; it creates the container and the table if
they do not exist.

  --page-client-id ID   The application of the page. Default: SPA_CLIENT_ID.
  --page-url URL        As for npm run entra:register. What the registration
  --no-page-url         lacks of it is wrong. Without --page-url and
  --permission NAME     --permission, what is registered of them has to be
  --managed-identity ID whole.
  --multi-tenant
  --admin-consent
  --wake-worker
  --name NAME
  --api-url URL         The origin of the deployed functions, which are asked
                        whether they are ready.
  --app NAME            A function app, and its resource group: az reads the
  --resource-group NAME names of its settings, and not their values.
  --json                Prints JSON Lines: one object in each line.

Without a token for Microsoft Graph (GRAPH_TOKEN, or the Azure CLI) it skips the
registrations and the consents.

--probe signs you in to the tenant of the settings, at the page's registration,
and prints as a table what Entra does that its documentation does not say. It
stores nothing without --life, and prints no token, no id and no name. The API
needs a client secret or a certificate.

  --redirect-uri URL    An address on localhost that is registered for the page.
                        Default: http://localhost:3000/. Nothing may listen
                        there.
  --link-redirect-uri URL
                        An address on localhost that is registered for the
                        platform Web of the API: it signs you in once more, as
                        a link does, and tells how long that grant lasts.
  --life FILE           Measures how long the refresh token of each grant lives.
                        Without the file it signs you in, and keeps them there,
                        sealed with the API's credential. With the file it
                        tries them again, and asks nobody. Delete it afterwards.
  --unconsented NAME    A delegated permission of Microsoft Graph to which
                        nobody has consented. Default: Notes.ReadWrite.All.
  --wait SECONDS        How long it waits for the sign-in. Default: 300.
  --page-client-id ID   As above.

Exit code: 0 nothing is wrong, 1 something is wrong or cannot be reached (or the
probe was not done), 2 the command line is wrong.
`;
