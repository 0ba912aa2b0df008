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
import { clientProof } from './clientProof.ts';
import { tableOf } from './facts.ts';
import { openLifeFile } from './lifeFile.ts';
import { livesFrom, tableOfLives, tryLives } from './lives.ts';
import { signIn } from './signIn.ts';

export type ProbeCommand = {
  /** Default: SPA_CLIENT_ID. */
  pageClientId: string | undefined;
  redirectUri: URL;
  /** A delegated permission of Graph to which nobody has consented. */
  unconsented: string;
  /** Where the sign-in of a link comes back to: on this machine, and registered for the platform Web of the API. Absent: there is none. */
  linkRedirectUri: URL | undefined;
  /** The file that keeps refresh tokens, to try them again in a later run. Absent: there is none. */
  life: string | undefined;
  /** How long a sign-in may take. */
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
  /** The grant of the API's own web client, and its refresh. Absent if it was not asked for. */
  link: { redeemed: TokenAnswer; refreshed: TokenAnswer } | undefined;
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
 * Signs a person in as the page does, exchanges their token as the API does, and tells what Entra answers. With the file of an
 * earlier run it asks nobody, and tries the refresh tokens of that run again.
 * @returns the lines of Markdown tables, without any token, id or name
 * @throws {PlainError} a step was refused or not done; the message says what to do.
 * @throws {ConfigError} a setting that is needed is wrong.
 */
export async function runProbe(command: ProbeCommand, services: ProbeServices): Promise<string[]> {
  const { settings, clock } = services;
  const { config, faults, isUsable } = readUsableSettings(settings);
  if (!isUsable('tenant', 'api', 'credential', 'graph')) throw new ConfigError(faults);
  const page = command.pageClientId ?? settings.SPA_CLIENT_ID?.trim();
  if (!isGuid(page))
    throw new PlainError('Give the client id of the page as SPA_CLIENT_ID or --page-client-id.');
  const { authorize, token } = await readEndpoints(config, services);
  const asApi = () => clientProof(config.entra, token, clock);
  // Before somebody signs in for nothing.
  asApi();
  const file = command.life === undefined ? undefined : openLifeFile(command.life, config.entra);
  const graph = graphResourceOf(config.entra.authority, config.graphBaseUrl);
  const stage = { authorize, page, apiId: config.entra.clientId, graph, asApi };
  const known = await file?.read();
  const askToken = createAskToken(token, services);
  if (file && known) {
    return tableOfLives(await tryLives(known, file, (old) => refreshed(stage, askToken, old)), clock);
  }
  const seen = await askEverything(command, stage, askToken, services);
  if (file === undefined) return tableOf(seen);
  const { redeemed, exchanged, link } = seen;
  const lives = [
    ...livesFrom('exchange', redeemed.at, exchanged),
    ...(link ? livesFrom('link', link.redeemed.at, link.redeemed) : []),
  ];
  await file.write(lives);
  return [...tableOf(seen), '', ...tableOfLives(lives, clock)];
}

type Stage = {
  authorize: URL;
  page: string;
  apiId: string;
  graph: string;
  asApi: () => Record<string, string>;
};

const allOf = ({ graph }: Stage): string => `${OIDC} ${graph}/.default`;

/** Refreshes as the worker does. */
const refreshed = (stage: Stage, askToken: AskToken, refreshToken: string): Promise<TokenAnswer> =>
  askToken({
    ...stage.asApi(),
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    client_info: '1',
    scope: allOf(stage),
  });

async function askEverything(
  command: ProbeCommand,
  stage: Stage,
  askToken: AskToken,
  { clock, tell }: ProbeServices,
): Promise<Seen> {
  const { authorize, page, apiId, graph, asApi } = stage;
  const { redirectUri, waitMs } = command;
  const scope = `${OIDC} api://${apiId}/.default`;
  const { code, verifier } = await signIn(
    authorize,
    { client_id: page, scope, prompt: 'select_account' },
    { redirectUri, waitMs, clock, tell, invitation: 'Open this address in a browser, and sign in:' },
  );
  const { origin } = redirectUri;
  const redeem = {
    ...{ client_id: page, redirect_uri: redirectUri.href },
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

  const exchange = (what: string) =>
    askToken({ ...asApi(), ...ON_BEHALF_OF, assertion, client_info: '1', scope: what });
  const { exchanged, refusedBefore } = await exchangeAfterConsent(() => exchange(allOf(stage)), {
    clock,
    tell,
  });
  accepted(exchanged, 'the exchange');
  const refreshToken = textIn(exchanged, 'refresh_token');
  return {
    redeemed,
    pageRefreshed,
    refusedBefore,
    exchanged,
    exchangedNamed: await exchange(`${OIDC} User.Read`),
    refreshed: await refreshed(stage, askToken, refreshToken),
    unconsented: await exchange(`${graph}/${command.unconsented}`),
    damaged: await refreshed(stage, askToken, damage(refreshToken)),
    link: await askForLink(command, stage, askToken, { clock, tell }),
  };
}

/** Signs in as the API's own web client, as a link does. */
async function askForLink(
  { linkRedirectUri: redirectUri, waitMs }: ProbeCommand,
  stage: Stage,
  askToken: AskToken,
  { clock, tell }: Pick<ProbeServices, 'clock' | 'tell'>,
): Promise<Seen['link']> {
  if (redirectUri === undefined) return undefined;
  const { authorize, apiId, graph, asApi } = stage;
  const scope = `${OIDC} ${graph}/User.Read`;
  const { code, verifier } = await signIn(
    authorize,
    { client_id: apiId, scope },
    { redirectUri, waitMs, clock, tell, invitation: 'Then open this address in the same browser:' },
  );
  const redeem = {
    ...asApi(),
    grant_type: 'authorization_code',
    redirect_uri: redirectUri.href,
    code,
    code_verifier: verifier,
    client_info: '1',
    scope,
  };
  const redeemed = accepted(await askToken(redeem), 'the code of the link');
  return { redeemed, refreshed: await refreshed(stage, askToken, textIn(redeemed, 'refresh_token')) };
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
