/** The step between the sign-in and its answer: it asks for consent and records the person's answer. */
import { randomUUID } from 'node:crypto';
import type { Context } from 'hono';
import type { Client } from './clients.ts';
import { approvalPage, consentPage } from './consentPage.ts';
import { mayConsent } from './consentRules.ts';
import type { Asked, Holder } from './consents.ts';
import { type Identity, isAdministrator } from './directory.ts';
import { EntraError } from './entraError.ts';
import { type SignIn, signInOf } from './issueTokens.ts';
import type { StandIn } from './standIn.ts';

const PAGE_LIFETIME = 3_600;

export type Picked = { user: Identity['user']; signIn: SignIn };

/** The person to whom the page was shown. @throws EntraError if this server did not show it */
export async function pickedIn(standIn: StandIn, form: URLSearchParams): Promise<Picked> {
  const sealed = await standIn.keys.open('page+jwt', form.get('sealed') ?? '').catch(() => undefined);
  const user = standIn.people.named(sealed?.sub);
  if (!sealed || !user) throw new EntraError('invalid_request', 900144, 'The page is not known any more.');
  return { user, signIn: signInOf(sealed) };
}

/** The consent page. Its form posts the answer to `action`, with the sealed identity of the person. */
export async function askForConsent(
  c: Context,
  standIn: StandIn,
  request: { action: string; client: Client; identity: Identity; signIn: SignIn; asked: readonly Asked[] },
  forTenant = false,
) {
  const { identity, signIn, asked } = request;
  const claims = {
    sub: identity.user.name,
    auth_time: signIn.at,
    policies: signIn.policies,
    jti: randomUUID(),
  };
  const question = { ...request, sealed: await standIn.keys.seal('page+jwt', claims, PAGE_LIFETIME) };
  const administrator = isAdministrator(identity);
  if (!mayConsent(standIn, identity, asked) || (forTenant && !administrator)) {
    return approvalPage(c, standIn, question);
  }
  return consentPage(c, standIn, question, forTenant ? 'tenant' : administrator ? 'either' : 'user');
}

/**
 * Records the consent if the person gave it and may give it.
 * @throws EntraError 65004 (declined), 90094 (only an administrator may give it)
 */
export async function takeConsent(
  standIn: StandIn,
  form: URLSearchParams,
  identity: Identity,
  asked: readonly Asked[],
  forTenant = false,
): Promise<void> {
  if (form.has('cancel'))
    throw new EntraError('access_denied', 65004, 'User declined to consent to access the app.');
  const administrator = isAdministrator(identity);
  if (form.has('return') || !mayConsent(standIn, identity, asked) || (forTenant && !administrator)) {
    throw new EntraError('access_denied', 90094, 'The grant requires admin permission.');
  }
  if (!form.has('accept')) throw new EntraError('invalid_request', 900144, 'The page was not answered.');
  const { tid, oid, user } = identity;
  const organization = forTenant || (administrator && form.has('organization'));
  const holder: Holder = organization ? { tid } : { tid, oid };
  await standIn.consents.give(asked, holder, user.name);
}
