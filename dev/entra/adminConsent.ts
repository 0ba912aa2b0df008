/**
 * `GET /{tenant}/v2.0/adminconsent`: an administrator grants an application its permissions for everybody in the tenant
 * (https://learn.microsoft.com/entra/identity-platform/v2-admin-consent).
 */
import { type Context, Hono } from 'hono';
import type { Client } from './clients.ts';
import { askForConsent, type Picked, pickedIn, takeConsent } from './consentFlow.ts';
import { everythingRegistered } from './consentRules.ts';
import type { Asked } from './consents.ts';
import { identityIn } from './directory.ts';
import { EntraError } from './entraError.ts';
import type { EntraEnv } from './journal.ts';
import { accountPickerPage, refusalPage } from './pages.ts';
import { fullName, readScopes } from './scopes.ts';
import { type StandIn, tenantIn } from './standIn.ts';

export function adminConsentEndpoint(standIn: StandIn): Hono<EntraEnv> {
  const { clients, journal, people } = standIn;
  const app = new Hono<EntraEnv>();

  function asked(client: Client, scope: string | null): Asked[] {
    const request = readScopes(scope, clients);
    if (request.isDefault) return everythingRegistered(standIn, client, request);
    return [{ client: client.id, resource: request.resource, permissions: request.named }];
  }

  /** @param answer the answer of a page; undefined if no page was shown yet */
  async function adminConsent(
    c: Context<EntraEnv>,
    answer?: { picked: Picked; consent?: URLSearchParams } | 'cancel',
  ) {
    const entry = c.get('entry');
    const { search, searchParams: query } = new URL(c.req.url);
    const tenant = tenantIn(standIn, c.req.param('tenant') ?? '');
    const client = clients.find(query.get('client_id'));
    if (!client)
      throw new EntraError('unauthorized_client', 700016, 'There is no application with this client_id.');
    entry.client = client.id;
    if (!client.redirectUris.includes(query.get('redirect_uri') ?? '')) {
      throw new EntraError(
        'invalid_request',
        50011,
        'The redirect_uri is not registered for this application.',
      );
    }
    const back = (result: Record<string, string>) => {
      const state = query.get('state');
      // Errors have it, too: it says which flow this was, not how it ended.
      const all = { admin_consent: 'True', ...result, ...(state === null ? {} : { state }) };
      return c.redirect(`${query.get('redirect_uri')}?${new URLSearchParams(all)}`);
    };
    try {
      const permissions = asked(client, query.get('scope'));
      if (answer === 'cancel') throw new EntraError('access_denied', 65004, 'The person chose to cancel.');
      if (!answer) {
        return accountPickerPage(c, {
          action: `/${tenant}/adminconsent/login${search}`,
          clientName: client.name,
          users: people.all.flatMap((user) => identityIn(tenant, user) ?? []),
          stepUp: false,
          formTargets: clients.formTargets,
        });
      }
      const { user, signIn } = answer.picked;
      entry.user = user.name;
      const identity = identityIn(tenant, user);
      if (!identity) throw new EntraError('access_denied', 50020, 'The user does not exist in this tenant.');
      if (!answer.consent) {
        const action = `/${tenant}/adminconsent/consent${search}`;
        return askForConsent(c, standIn, { action, client, identity, signIn, asked: permissions }, true);
      }
      await takeConsent(standIn, answer.consent, identity, permissions, true);
      const own = permissions.filter((one) => one.client === client.id);
      const granted = own.flatMap((one) => one.permissions.map((name) => fullName(one.resource, name)));
      return back({ tenant: identity.tid, scope: granted.join(' ') });
    } catch (error) {
      if (!(error instanceof EntraError)) throw error;
      entry.error = error.error;
      return back(error.inRedirect(c, standIn));
    }
  }

  app.onError((error, c) => {
    if (!(error instanceof EntraError)) throw error;
    c.get('entry').error = error.error;
    return refusalPage(c, error.told(c, standIn).error_description);
  });

  app.get('/:tenant/v2.0/adminconsent', journal.record('authorize'), (c) => adminConsent(c));
  app.post('/:tenant/adminconsent/login', journal.record('authorize'), async (c) => {
    const form = new URLSearchParams(await c.req.text());
    if (form.has('cancel')) return adminConsent(c, 'cancel');
    const user = people.named(form.get('user'));
    if (!user) throw new EntraError('invalid_request', 50034, 'The user does not exist.');
    return adminConsent(c, { picked: { user, signIn: { at: Math.floor(Date.now() / 1000), policies: [] } } });
  });
  app.post('/:tenant/adminconsent/consent', journal.record('authorize'), async (c) => {
    const consent = new URLSearchParams(await c.req.text());
    return adminConsent(c, { picked: await pickedIn(standIn, consent), consent });
  });
  return app;
}
