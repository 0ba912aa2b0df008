/**
 * `GET /{tenant}/oauth2/v2.0/authorize` (RFC 6749 §4.1, RFC 7636, OpenID Connect Core §3.1.2), its page, and logout.
 */
import { createHash, randomUUID } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { demandedPolicies } from './claimsChallenge.ts';
import { askForConsent, pickedIn, takeConsent } from './consentFlow.ts';
import { missingConsent } from './consentRules.ts';
import { type DemoUser, identityIn } from './directory.ts';
import { consentRefusal, EntraError } from './entraError.ts';
import { clientInfo, type SignIn, signInOf } from './issueTokens.ts';
import type { EntraEnv } from './journal.ts';
import { accountPickerPage, refusalPage, signedOutPage } from './pages.ts';
import { readScopes } from './scopes.ts';
import { type StandIn, tenantIn } from './standIn.ts';

const SESSION_LIFETIME = 24 * 60 * 60;
const PROMPTS = [null, 'none', 'login', 'select_account', 'consent'];

type Session = { user: DemoUser; signIn: SignIn };

/** What the person did on a page: picked an account, cancelled, or answered the consent page. */
type Step = { user: DemoUser } | 'cancel' | { picked: Session; consent: URLSearchParams };

export function authorizeEndpoints(standIn: StandIn): Hono<EntraEnv> {
  const { clients, journal, keys, people } = standIn;
  // A browser shares cookies between all ports of a host, so the name contains the port.
  const cookieName = `entra_session_${new URL(standIn.origin).port}`;
  const app = new Hono<EntraEnv>();

  async function currentSession(c: Context): Promise<Session | undefined> {
    const sealed = await keys.open('session+jwt', getCookie(c, cookieName) ?? '').catch(() => undefined);
    const user = people.named(sealed?.sub);
    return sealed && user && { user, signIn: signInOf(sealed) };
  }

  async function startSession(c: Context, { user, signIn }: Session): Promise<void> {
    const claims = { sub: user.name, auth_time: signIn.at, policies: signIn.policies };
    const sealed = await keys.seal('session+jwt', claims, SESSION_LIFETIME);
    setCookie(c, cookieName, sealed, { httpOnly: true, sameSite: 'Lax', path: '/' });
  }

  async function codeFor(query: URLSearchParams, { user, signIn }: Session): Promise<string> {
    const claims = {
      sub: user.name,
      client_id: query.get('client_id'),
      redirect_uri: query.get('redirect_uri'),
      scope: query.get('scope'),
      nonce: query.get('nonce'),
      code_challenge: query.get('code_challenge'),
      auth_time: signIn.at,
      policies: signIn.policies,
      jti: randomUUID(),
    };
    return keys.seal('code+jwt', claims, standIn.lifetimes.code);
  }

  async function sessionAfter(
    c: Context,
    query: URLSearchParams,
    tenant: string,
    demanded: string[],
    step: Exclude<Step, 'cancel'> | undefined,
  ): Promise<Session | undefined> {
    if (!step) return sessionFor(query, tenant, demanded, await currentSession(c));
    if ('picked' in step) return step.picked;
    return { user: step.user, signIn: { at: Math.floor(Date.now() / 1000), policies: demanded } };
  }

  /** @param step undefined when no page was shown yet */
  async function authorize(c: Context<EntraEnv>, step?: Step) {
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
    try {
      const { demanded, scopes } = checkRequest(standIn, query);
      if (step === 'cancel') throw new EntraError('access_denied', 65004, 'The person chose to cancel.');
      const session = await sessionAfter(c, query, tenant, demanded, step);
      if (!session) {
        const users = people.all.flatMap((user) => identityIn(tenant, user) ?? []);
        return accountPickerPage(c, {
          action: `/${tenant}/login${search}`,
          clientName: client.name,
          users,
          hinted: users.find(({ user }) => isHinted(query, user))?.user.name,
          stepUp: demanded.length > 0,
          formTargets: clients.formTargets,
        });
      }
      entry.user = session.user.name;
      const identity = identityIn(tenant, session.user);
      if (!identity) {
        throw new EntraError('access_denied', 50020, 'The user does not exist in this tenant.');
      }
      if (step) await startSession(c, session);
      const prompt = query.get('prompt');
      const asked = missingConsent(standIn, client, scopes, identity, prompt === 'consent');
      if (step && 'consent' in step) {
        await takeConsent(standIn, step.consent, identity, asked);
      } else if (asked.length > 0) {
        if (prompt === 'none')
          throw new EntraError('interaction_required', 65001, consentRefusal(client).message);
        const action = `/${tenant}/consent${search}`;
        return askForConsent(c, standIn, { action, client, identity, signIn: session.signIn, asked });
      }
      const state = createHash('sha256')
        .update(`${session.user.name} ${session.signIn.at}`)
        .digest('base64url');
      return redirectBack(c, query, {
        code: await codeFor(query, session),
        session_state: state,
        ...(query.get('client_info') === '1' ? { client_info: clientInfo(session.user) } : {}),
      });
    } catch (error) {
      if (!(error instanceof EntraError)) throw error;
      entry.error = error.error;
      return redirectBack(c, query, error.inRedirect(c, standIn));
    }
  }

  const refuseByPage = (error: Error, c: Context<EntraEnv>) => {
    if (!(error instanceof EntraError)) throw error;
    c.get('entry').error = error.error;
    return refusalPage(c, error.told(c, standIn).error_description);
  };
  app.onError(refuseByPage);

  app.get('/:tenant/oauth2/v2.0/authorize', journal.record('authorize'), (c) => authorize(c));

  app.post('/:tenant/login', journal.record('authorize'), async (c) => {
    const form = new URLSearchParams(await c.req.text());
    if (form.has('cancel')) return authorize(c, 'cancel');
    const user = people.named(form.get('user'));
    if (!user) throw new EntraError('invalid_request', 50034, 'The user does not exist.');
    return authorize(c, { user });
  });

  app.post('/:tenant/consent', journal.record('authorize'), async (c) => {
    const consent = new URLSearchParams(await c.req.text());
    return authorize(c, { picked: await pickedIn(standIn, consent), consent });
  });

  app.get('/:tenant/oauth2/v2.0/logout', journal.record('logout'), (c) => {
    tenantIn(standIn, c.req.param('tenant'));
    deleteCookie(c, cookieName, { path: '/' });
    const target = c.req.query('post_logout_redirect_uri');
    if (target === undefined || !clients.isRedirectUri(target)) return signedOutPage(c);
    const state = c.req.query('state');
    return c.redirect(state === undefined ? target : `${target}?${new URLSearchParams({ state })}`);
  });
  return app;
}

/**
 * Makes the checks whose errors may be sent to the application. Returns the policies that the sign-in has to meet, and
 * the scopes that it is for.
 * @throws EntraError
 */
function checkRequest(standIn: StandIn, query: URLSearchParams) {
  if (query.get('response_type') !== 'code') {
    throw new EntraError('unsupported_response_type', 700054, "Only the response_type 'code' is supported.");
  }
  if (!['query', 'fragment', null].includes(query.get('response_mode'))) {
    throw new EntraError('invalid_request', 900144, "The response_mode must be 'query' or 'fragment'.");
  }
  if (!query.get('code_challenge') || query.get('code_challenge_method') !== 'S256') {
    throw new EntraError('invalid_request', 9002325, 'Proof Key for Code Exchange with S256 is required.');
  }
  if (!PROMPTS.includes(query.get('prompt'))) {
    throw new EntraError('invalid_request', 90023, "This value of 'prompt' is not supported.");
  }
  return { scopes: readScopes(query.get('scope'), standIn.clients), demanded: demandedPolicies(query) };
}

const isHinted = (query: URLSearchParams, user: DemoUser): boolean =>
  query.get('login_hint')?.toLowerCase() === user.upn;

/**
 * The session, if it is enough for this request; undefined if a page must be shown.
 * @throws EntraError if the request forbids a page (`prompt=none`)
 */
function sessionFor(query: URLSearchParams, tenant: string, demanded: readonly string[], session?: Session) {
  const prompt = query.get('prompt');
  const fits =
    session !== undefined &&
    identityIn(tenant, session.user) !== undefined &&
    (!query.get('login_hint') || isHinted(query, session.user));
  const met = demanded.every((policy) => session?.signIn.policies.includes(policy));
  if (prompt === 'none') {
    if (!fits) throw new EntraError('login_required', 50058, 'No such user is signed in.');
    if (!met) throw new EntraError('interaction_required', 50076, 'Multifactor authentication is required.');
  }
  return fits && met && (prompt === null || prompt === 'none' || prompt === 'consent') ? session : undefined;
}

/** Answers the application at its (already checked) redirect URI. */
function redirectBack(c: Context, query: URLSearchParams, result: Record<string, string>) {
  const state = query.get('state');
  const answer = new URLSearchParams({ ...result, ...(state === null ? {} : { state }) });
  const separator = query.get('response_mode') === 'fragment' ? '#' : '?';
  return c.redirect(`${query.get('redirect_uri')}${separator}${answer}`);
}
