/** A tenant in which the API and the page are registered, and the doctor in this process. */

import type { X509Certificate } from 'node:crypto';
import { GRAPH_TOKENS } from '../../../../dev/entra/applicationEndpoints.ts';
import { TENANT_ID } from '../../../../dev/entra/directory.ts';
import { type Entra, type EntraOptions, startEntra } from '../../../../dev/entra/startEntra.ts';
import { freePorts } from '../../../../dev/freePorts.ts';
import type { Check, Line } from '../../../../ops/doctor/check.ts';
import { readDoctorCommand } from '../../../../ops/doctor/commandLine.ts';
import { createDeployment, type Surroundings } from '../../../../ops/doctor/deployment.ts';
import { readRegisterCommand } from '../../../../ops/entra/commandLine.ts';
import { connectGraph } from '../../../../ops/entra/graphClient.ts';
import { registerApplications } from '../../../../ops/entra/registerApplications.ts';
import type { Fetch } from '../../../../shared/api.ts';
import { type Clock, systemClock } from '../../../../shared/clock.ts';
import { StoreCredentialError } from '../../../../shared/errors.ts';

/** Does not wait. */
export const HASTY: Clock = { ...systemClock, after: (_, act) => systemClock.after(0, act) };

export type Stage = {
  entra: Entra;
  apiId: string;
  pageId: string;
  secret: string;
  /** Settings with which everything is right. */
  settings: Record<string, string>;
};

export const asAdministrator = (entra: Entra, method: string, path: string, body?: unknown) =>
  fetch(`${entra.origin}/v1.0${path}`, {
    method,
    headers: { authorization: `Bearer ${GRAPH_TOKENS.administrator}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

/** Adds a client secret to an application. @returns its text */
export async function addSecret(entra: Entra, appId: string, endDateTime: Date): Promise<string> {
  const body = {
    passwordCredential: {
      displayName: 'made by a test',
      startDateTime: '2020-01-01T00:00:00Z',
      endDateTime: endDateTime.toISOString(),
    },
  };
  const answer = await asAdministrator(entra, 'POST', `/applications(appId='${appId}')/addPassword`, body);
  return ((await answer.json()) as { secretText: string }).secretText;
}

const DAY_MS = 86_400_000;

export const inDays = (days: number): Date => new Date(Date.now() + days * DAY_MS);

/** Nothing listens on it. */
export const NOWHERE = `http://127.0.0.1:${(await freePorts(1))[0]}`;

/** Answers some addresses by itself, and lets the others pass. */
export const withAnswer =
  (isHit: (url: URL) => boolean, answer: () => Response): Fetch =>
  async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : String(input));
    return isHit(url) ? answer() : fetch(input, init);
  };

/** True for the metadata of a tenant. */
export const isMetadata = ({ pathname }: URL): boolean => pathname.endsWith('openid-configuration');

/** @param args of `npm run entra:register`, beside the address of Graph */
export async function registerAt(
  entra: Entra,
  args: readonly string[],
): Promise<{ apiId: string; pageId: string }> {
  const { wish } = readRegisterCommand(['--graph-url', entra.origin, ...args]);
  const { registered } = await registerApplications({
    graph: connectGraph({
      graph: entra.origin,
      token: GRAPH_TOKENS.administrator,
      fetch,
      clock: HASTY,
      tell: () => {},
    }),
    wish,
    tenantId: undefined,
    clock: HASTY,
    dryRun: false,
    onCall: () => {},
    tell: () => {},
  });
  return { apiId: registered.api?.appId ?? '', pageId: registered.page?.appId ?? '' };
}

export async function startStage(
  options: Partial<EntraOptions> & { register?: readonly string[] } = {},
): Promise<Stage> {
  const { register = ['--admin-consent'], ...more } = options;
  const entra = await startEntra({ port: 0, spaOrigins: ['http://localhost:3000'], ...more });
  const { apiId, pageId } = await registerAt(entra, register);
  const secret = await addSecret(entra, apiId, inDays(400));
  const settings = {
    ENTRA_TENANT_ID: TENANT_ID,
    ENTRA_CLIENT_ID: apiId,
    ENTRA_CLIENT_SECRET: secret,
    ENTRA_AUTHORITY: entra.origin,
    GRAPH_BASE_URL: entra.origin,
    SPA_CLIENT_ID: pageId,
    TokenStore: 'UseDevelopmentStorage=true',
  };
  return { entra, apiId, pageId, secret, settings };
}

export type Examining = {
  args?: readonly string[];
  /** In place of settings of the stage; '' removes one. */
  settings?: Record<string, string>;
  token?: string;
  fetch?: Fetch;
  clock?: Clock;
} & Partial<Surroundings>;

/** Runs one check over the settings. */
export async function examined(
  check: Check,
  settings: Record<string, string>,
  options: Examining = {},
): Promise<Line[]> {
  const { args = [], token = GRAPH_TOKENS.administrator, ...more } = options;
  const command = readDoctorCommand(args);
  if ('probe' in command) throw new Error('These are the arguments of the probe.');
  const send: Fetch = options.fetch ?? fetch;
  const deployment = createDeployment(command, {
    environment: {},
    fetch: send,
    clock: systemClock,
    ownSignIn: {
      getToken: () => Promise.reject(new StoreCredentialError('az_missing', 'Install it.')),
    },
    openGraph: async (graph) =>
      connectGraph({ graph, token, fetch: send, clock: HASTY, tell: () => {}, pausesMs: [0] }),
    settingNames: async () => [],
    ...more,
    settings: { ...settings, ...options.settings },
  });
  return check.run(deployment);
}

/** Makes this the only certificate of an application. */
export async function addCertificate(entra: Entra, appId: string, { raw }: X509Certificate): Promise<void> {
  const key = { type: 'AsymmetricX509Cert', usage: 'Verify', key: raw.toString('base64') };
  await asAdministrator(entra, 'PATCH', `/applications(appId='${appId}')`, { keyCredentials: [key] });
}
