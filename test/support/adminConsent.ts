import { API_CLIENT_ID, GRAPH_APP_ID, SPA_CLIENT_ID, TENANT_ID } from '../../dev/entra/directory.ts';
import { throughThePages } from '../../dev/entra/signIn.ts';
import type { Entra } from '../../dev/entra/startEntra.ts';
import { API_DEFAULT, control, SPA_ORIGIN } from './entraClients.ts';

export type AdminConsent = {
  /** Who opens the link; Chiara, an administrator, if left out. */
  user?: string;
  client?: string;
  scope?: string;
  tenant?: string;
  consent?: 'accept' | 'cancel';
  redirectUri?: string;
};

/** Opens the administrator's link and goes through its pages; gives where the browser is sent. */
export async function adminConsent(entra: Entra, request: AdminConsent = {}): Promise<URL> {
  const { user = 'chiara', client = SPA_CLIENT_ID, scope = API_DEFAULT, tenant = TENANT_ID } = request;
  const query = new URLSearchParams({
    client_id: client,
    scope,
    redirect_uri: request.redirectUri ?? `${SPA_ORIGIN}/admin.html`,
    state: 'st&te',
  });
  const link = new URL(`${entra.origin}/${tenant}/v2.0/adminconsent?${query}`);
  return throughThePages(link, { user, consent: request.consent ?? 'accept' });
}

/** Adds permissions of Graph to the API's registration. */
export async function registerForApi(entra: Entra, permissions: readonly string[]): Promise<void> {
  const answer = await control(entra, 'PUT', `/applications/${API_CLIENT_ID}`, {
    requiredResourceAccess: [{ resource: GRAPH_APP_ID, permissions: ['User.Read', ...permissions] }],
  });
  if (!answer.ok) throw new Error(`the registration was refused with ${answer.status}`);
}
