/** The pages where a person gives or declines consent, or learns that only an administrator may give it. */
import type { Context } from 'hono';
import { html } from 'hono/html';
import type { Asked } from './consents.ts';
import { GRAPH_APP_ID, type Identity } from './directory.ts';
import { respondWithPage } from './pages.ts';
import type { StandIn } from './standIn.ts';

/** Permissions in words, where the name alone is not clear. */
const WORDS: Record<string, string> = {
  openid: 'Sign you in',
  profile: 'View your basic profile',
  email: 'View your email address',
  offline_access: 'Maintain access to data you have given it access to',
  'User.Read': 'Sign you in and read your profile',
  'Files.Read': 'Read your files',
  'Mail.ReadBasic': 'Read your basic mail',
  access_as_user: 'Use it as you',
};

export type ConsentQuestion = {
  /** Path and query that the answer is posted to. */
  action: string;
  /** The person who signs in, signed so that nobody can change it. */
  sealed: string;
  client: { id: string; name: string };
  identity: Identity;
  asked: readonly Asked[];
};

const page = (c: Context, standIn: StandIn, title: string, body: ReturnType<typeof html>) =>
  respondWithPage(c, title, body, standIn.clients.formTargets);

/**
 * The permissions that the page lists. Like Microsoft's combined page, it names what the API asks for, and leaves out
 * the permission to call that API.
 */
function listed({ client, asked }: ConsentQuestion): readonly Asked[] {
  const behind = new Set(asked.filter((one) => one.client !== client.id).map((one) => one.client));
  return asked.filter((one) => one.client !== client.id || !behind.has(one.resource));
}

function permissionList(standIn: StandIn, question: ConsentQuestion) {
  const nameOf = (resource: string) =>
    resource === GRAPH_APP_ID ? 'Microsoft Graph' : (standIn.clients.find(resource)?.name ?? resource);
  const lines = listed(question).flatMap(({ resource, permissions }) =>
    permissions.map((permission) => ({ permission, resource: nameOf(resource) })),
  );
  return html`<ul class="permissions">
    ${lines.map(
      ({ permission, resource }) =>
        html`<li>${WORDS[permission] ?? permission} <small>${resource}: ${permission}</small></li>`,
    )}
  </ul>`;
}

/** @param consenter `tenant`: the consent counts for everybody. `either`: an administrator may choose that. */
export function consentPage(
  c: Context,
  standIn: StandIn,
  question: ConsentQuestion,
  consenter: 'user' | 'either' | 'tenant',
) {
  const { client, identity, action, sealed } = question;
  const body = html`<h1>Permissions requested</h1>
    <p>${client.name} asks ${identity.user.upn} for permission to:</p>
    ${permissionList(standIn, question)}
    ${consenter === 'tenant' ? html`<p>If you accept, this holds for everybody in your organization.</p>` : ''}
    <form method="post" action="${action}">
      <input type="hidden" name="sealed" value="${sealed}" />
      ${
        consenter === 'either'
          ? html`<p><label><input type="checkbox" name="organization" value="1" /> Consent on behalf of your organization</label></p>`
          : ''
      }
      <button name="accept" value="1">Accept</button>
      <button class="quiet" name="cancel" value="1">Cancel</button>
    </form>`;
  return page(c, standIn, 'Permissions requested', body);
}

export function approvalPage(c: Context, standIn: StandIn, question: ConsentQuestion) {
  const { client, action, sealed } = question;
  const body = html`<h1>Need admin approval</h1>
    <p>
      ${client.name} needs permissions that only an administrator of your organization can grant. Ask an administrator to
      grant them before you use it.
    </p>
    ${permissionList(standIn, question)}
    <form method="post" action="${action}">
      <input type="hidden" name="sealed" value="${sealed}" />
      <button name="return" value="1">Return to the application without granting consent</button>
    </form>`;
  return page(c, standIn, 'Need admin approval', body);
}
