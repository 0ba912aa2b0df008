import { createHash, randomBytes } from 'node:crypto';
import type { Fetch } from '../../../shared/api.ts';
import { type Clock, sleep } from '../../../shared/clock.ts';
import { graphResourceOf } from '../../../shared/clouds.ts';
import type { Config } from '../../../shared/config.ts';
import { ConfigError } from '../../../shared/errors.ts';
import type { Environment } from '../../../shared/settingsReader.ts';
import { isGuid } from '../../../shared/userId.ts';
import { PlainError } from '../../cli/errors.ts';
import { createAskJson } from '../askJson.ts';
import { metadataUrl } from '../tenantCheck.ts';
import { readUsableSettings } from '../usableSettings.ts';
import { type AskToken, codeOf, createAskToken, refusalOf, type TokenAnswer, textIn } from './askToken.ts';
import { awaitRedirect } from './awaitRedirect.ts';
import { clientProof } from './clientProof.ts';
import { tableOf } from './facts.ts';

export type ProbeCommand = {
  /** Default: SPA_CLIENT_ID. */
  pageClientId: string | undefined;
  redirectUri: URL;
  /** A delegated permission of Graph to which nobody has consented. */
  unconsented: string;
  /** How long the sign-in may take. */
  waitMs: number;
};

export type ProbeServices = {
  settings: Environment;
  fetch: Fetch;
  clock: Clock;
  /** Prints a line for whoever signs in. */
  tell: (line: string) => void;
};

/** Every answer, in the order of the requests. */
export type Seen = {
  redeemed: TokenAnswer;
  pageRefreshed: TokenAnswer;
  /** How many exchanges were refused before the consent took effect. */
  refusedBefore: number;
  exchanged: TokenAnswer;
  exchangedNamed: TokenAnswer;
  refreshed: TokenAnswer;
  unconsented: TokenAnswer;
  damaged: TokenAnswer;
};

const OIDC = 'openid profile offline_access';
const ON_BEHALF_OF = {
  grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
  requested_token_use: 'on_behalf_of',
};
/** A consent takes seconds until exchanges see it. */
const CONSENT_PAUSE_MS = 5_000;
const MOST_REFUSED = 6;

/**
 * Signs a person in as the page does, exchanges their token as the API does, and tells what Entra answers.
 * @returns the lines of a Markdown table, without any token, id or name
 * @throws {PlainError} a step was refused or not done; the message says what to do.
 * @throws {ConfigError} a setting that is needed is wrong.
 */
export async function runProbe(command: ProbeCommand, services: ProbeServices): Promise<string[]> {
  const { settings, clock, tell } = services;
  const { config, faults, isUsable } = readUsableSettings(settings);
  if (!isUsable('tenant', 'api', 'credential', 'graph')) throw new ConfigError(faults);
  const page = command.pageClientId ?? settings.SPA_CLIENT_ID?.trim();
  if (!isGuid(page))
    throw new PlainError('Give the client id of the page as SPA_CLIENT_ID or --page-client-id.');
  const { authorize, token } = await readEndpoints(config, services);
  const askToken = createAskToken(token, services);
  const asApi = () => clientProof(config.entra, token, clock);
  // Before somebody signs in for nothing.
  asApi();

  const asPage = { client_id: page, redirect_uri: command.redirectUri.href };
  const scope = `${OIDC} api://${config.entra.clientId}/.default`;
  const { code, verifier } = await signIn(authorize, { ...asPage, scope }, command, { clock, tell });
  const { origin } = command.redirectUri;
  const redeem = {
    ...asPage,
    grant_type: 'authorization_code',
    code,
    code_verifier: verifier,
    client_info: '1',
    scope,
  };
  const redeemed = accepted(await askToken(redeem, origin), 'the code of the sign-in');
  const assertion = textIn(redeemed, 'access_token');
  const renew = {
    client_id: page,
    grant_type: 'refresh_token',
    refresh_token: textIn(redeemed, 'refresh_token'),
    scope,
  };
  const pageRefreshed = await askToken(renew, origin);

  const graph = graphResourceOf(config.entra.authority, config.graphBaseUrl);
  const all = `${OIDC} ${graph}/.default`;
  const exchange = (what: string) =>
    askToken({ ...asApi(), ...ON_BEHALF_OF, assertion, client_info: '1', scope: what });
  const { exchanged, refusedBefore } = await exchangeAfterConsent(() => exchange(all), { clock, tell });
  accepted(exchanged, 'the exchange');
  const refresh = (refreshToken: string) =>
    askToken({
      ...asApi(),
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
      client_info: '1',
      scope: all,
    });
  const refreshToken = textIn(exchanged, 'refresh_token');
  const seen: Seen = {
    redeemed,
    pageRefreshed,
    refusedBefore,
    exchanged,
    exchangedNamed: await exchange(`${OIDC} User.Read`),
    refreshed: await refresh(refreshToken),
    unconsented: await exchange(`${graph}/${command.unconsented}`),
    damaged: await refresh(damage(refreshToken)),
  };
  return tableOf(seen);
}

async function readEndpoints(
  { entra: { authority, tenantId } }: Config,
  services: Pick<ProbeServices, 'fetch' | 'clock'>,
): Promise<{ authorize: URL; token: string }> {
  const answer = await createAskJson(services)(metadataUrl(authority, tenantId));
  const { authorization_endpoint: authorize, token_endpoint: token } = 'json' in answer ? answer.json : {};
  const isOfAuthority = (value: unknown): value is string =>
    typeof value === 'string' && URL.canParse(value) && new URL(value).origin === authority;
  if (isOfAuthority(authorize) && isOfAuthority(token)) return { authorize: new URL(authorize), token };
  throw new PlainError('Entra does not tell the endpoints of the tenant. "npm run doctor" says why.');
}

async function signIn(
  authorize: URL,
  asked: { client_id: string; redirect_uri: string; scope: string },
  { redirectUri, waitMs }: ProbeCommand,
  { clock, tell }: Pick<ProbeServices, 'clock' | 'tell'>,
): Promise<{ code: string; verifier: string }> {
  const state = randomBytes(16).toString('base64url');
  const verifier = randomBytes(32).toString('base64url');
  const query = {
    ...asked,
    ...{ response_type: 'code', response_mode: 'query', prompt: 'select_account', state, client_info: '1' },
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  };
  for (const [name, value] of Object.entries(query)) authorize.searchParams.set(name, value);
  const redirect = await awaitRedirect({ redirectUri, state, waitMs }, clock);
  try {
    tell(`Open this address in a browser, and sign in:\n\n${authorize.href}\n`);
    const answer = await redirect.answer;
    const code = answer.get('code');
    if (code) return { code, verifier };
    const number = /AADSTS(\d+)/.exec(answer.get('error_description') ?? '')?.[1];
    throw new PlainError(refusedSignIn(answer.get('error'), number));
  } finally {
    redirect.close();
  }
}

function refusedSignIn(error: unknown, number: string | undefined): string {
  const says = `The sign-in was refused (${refusalOf(error, undefined, number)}).`;
  switch (number) {
    case '65004':
      return `${says} Whoever signed in declined the consent. Run the probe again, and accept.`;
    case '90094':
      return `${says} Only an administrator may consent: npm run entra:register -- --admin-consent.`;
    default:
      return `${says} "npm run doctor" examines the registrations.`;
  }
}

/** @throws {PlainError} it is a refusal. */
function accepted(answer: TokenAnswer, what: string): TokenAnswer {
  if (answer.status === 200) return answer;
  const { error, suberror } = answer.json;
  const number = codeOf(answer);
  throw new PlainError(`Entra refused ${what} (${refusalOf(error, suberror, number)}). ${adviceOn(number)}`);
}

function adviceOn(number: number | undefined): string {
  switch (number) {
    case 9002326:
    case 9002327:
      return 'The redirect URI has to be of the platform "Single-page application": npm run entra:register.';
    case 65001:
      return 'The consent of the page does not cover the API. "npm run doctor" says how to give it.';
    default:
      return '"npm run doctor" examines the credential and the registrations.';
  }
}

async function exchangeAfterConsent(
  exchange: () => ReturnType<AskToken>,
  { clock, tell }: Pick<ProbeServices, 'clock' | 'tell'>,
): Promise<{ exchanged: TokenAnswer; refusedBefore: number }> {
  for (let refusedBefore = 0; ; refusedBefore += 1) {
    const exchanged = await exchange();
    const isWaiting = exchanged.json.suberror === 'consent_required' || codeOf(exchanged) === 65001;
    if (!isWaiting || refusedBefore === MOST_REFUSED) return { exchanged, refusedBefore };
    tell(`The exchange does not see the consent yet. Trying again in ${CONSENT_PAUSE_MS / 1_000} s.`);
    await sleep(clock, CONSENT_PAUSE_MS);
  }
}

/** The same length, and another character in the middle. */
function damage(token: string): string {
  const at = Math.floor(token.length / 2);
  return `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
}
