import { PUBLIC_CLOUD } from '../../shared/clouds.ts';
import type { ShippedTaskName } from '../../shared/config.ts';
import { shippedTasks } from '../../shared/graphTasks/shippedTasks.ts';
import { isGuid } from '../../shared/userId.ts';
import { PlainError, UsageError } from '../cli/errors.ts';
import type { Wish } from '../entra/applicationWish.ts';
import { readRegisterCommand } from '../entra/commandLine.ts';
import { type Graph, RefusedError } from '../entra/graphClient.ts';
import { readPrincipal, readRegistered, readTenantId } from '../entra/readRegistered.ts';
import type { Registered } from '../entra/registrationPlan.ts';
import { type Line, skipped, unreachable, withoutSettings, wrong } from './check.ts';
import type { DoctorCommand } from './commandLine.ts';
import { ASK_AGAIN, showApplication } from './commands.ts';
import type { Surroundings } from './deployment.ts';
import { registeredName, registeredPageUrls, registeredPermissions } from './registeredWish.ts';
import type { UsableSettings } from './usableSettings.ts';

export type Registration = {
  graph: Graph;
  /** What the options ask for. Where they say nothing, it is what is registered, so that it can be examined for gaps. */
  wish: Wish;
  registered: Registered;
  /** What registers what is missing. */
  mend: string;
};

/** Reads what the tenant has of the registration. @returns a line if that cannot be read */
export type ReadRegistration = () => Promise<Registration | Line>;

export const isLine = (read: Registration | Line): read is Line => 'state' in read;

export function createRegistration(
  command: DoctorCommand,
  usable: UsableSettings,
  surroundings: Pick<Surroundings, 'settings' | 'openGraph'>,
): ReadRegistration {
  let reading: Promise<Registration | Line> | undefined;
  return () => {
    reading ??= read(command, usable, surroundings);
    return reading;
  };
}

async function read(
  { register }: DoctorCommand,
  { config, isUsable }: UsableSettings,
  { settings, openGraph }: Pick<Surroundings, 'settings' | 'openGraph'>,
): Promise<Registration | Line> {
  if (!isUsable('tenant', 'api', 'graph')) return withoutSettings('the tenant, the API or Graph');
  const { entra, accessToken, graphBaseUrl, link } = config;
  const page = settings.SPA_CLIENT_ID?.trim();
  const { allowedTenants } = accessToken;
  const isMultiTenant = allowedTenants === 'any' || allowedTenants.some((tid) => tid !== entra.tenantId);
  const args = [
    ...['--tenant', entra.tenantId, '--api-client-id', entra.clientId],
    ...(graphBaseUrl === PUBLIC_CLOUD.graph[0] ? [] : ['--graph-url', graphBaseUrl]),
    ...(isGuid(page) && !register.includes('--page-client-id') ? ['--page-client-id', page] : []),
    ...(isMultiTenant && !register.includes('--multi-tenant') ? ['--multi-tenant'] : []),
    ...(link === undefined || register.includes('--link-url') ? [] : ['--link-url', link.redirectUri]),
    ...register,
  ];
  try {
    const { wish: asked, graph: url, tenantId = entra.tenantId } = readRegisterCommand(args);
    const wish = withTasks(asked, config.shippedTasks);
    const graph = await openGraph(url, tenantId);
    await readTenantId(graph, tenantId);
    const forTasks = wish.permissions.slice(asked.permissions.length);
    return await readFrom(graph, wish, { args, forTasks }, identityOf(config.entra.credential));
  } catch (error) {
    return lineOfFailure(error);
  }
}

/** The permissions of the shipped tasks that are on come last. */
function withTasks(wish: Wish, names: readonly ShippedTaskName[]): Wish {
  const scopes = shippedTasks(names).flatMap((task) => task.scopes);
  return { ...wish, permissions: [...new Set([...wish.permissions, ...scopes])] };
}

/** The client id of the managed identity that is the API's credential. */
const identityOf = (credential: UsableSettings['config']['entra']['credential']): string | undefined =>
  credential.kind === 'managed-identity' && isGuid(credential.identity) ? credential.identity : undefined;

/** A federated credential names the principal id of an identity, and the settings its client id. */
async function readFrom(
  graph: Graph,
  wish: Wish,
  { args, forTasks }: { args: readonly string[]; forTasks: readonly string[] },
  identity: string | undefined,
): Promise<Registration | Line> {
  const principal =
    wish.managedIdentity ?? (identity === undefined ? undefined : (await readPrincipal(graph, identity))?.id);
  if (identity !== undefined && principal === undefined) {
    return wrong(
      'This tenant has no managed identity with the client id of ENTRA_MANAGED_IDENTITY_CLIENT_ID.',
      {
        remedy: 'Give the client id of an identity of this tenant.',
        command: 'az identity list --query "[].clientId"',
      },
    );
  }
  const whole = principal === undefined ? wish : { ...wish, managedIdentity: principal };
  const extra = principal === undefined || wish.managedIdentity ? [] : ['--managed-identity', principal];
  try {
    const first = await readRegistered(graph, whole, undefined, {});
    const kept = keptOf(first, whole, args);
    // Its name decides which other applications are strays of the same registration.
    const registered =
      kept.wish.name === undefined
        ? first
        : await readRegistered(graph, { ...whole, ...kept.wish }, undefined, {});
    return {
      graph,
      wish: { ...whole, ...kept.wish },
      registered,
      mend: ['npm run entra:register --', ...args, ...options(forTasks), ...extra, ...kept.args].join(' '),
    };
  } catch (error) {
    if (!(error instanceof PlainError) || error instanceof RefusedError) throw error;
    return wrong(error.message, {
      remedy: 'Correct ENTRA_CLIENT_ID or SPA_CLIENT_ID.',
      command: showApplication(wish.apiClientId ?? '<client id>'),
    });
  }
}

const options = (permissions: readonly string[]): string[] =>
  permissions.flatMap((name) => ['--permission', name]);

/** What is registered of that which no option names, and the same as options: their defaults are for a developer's machine. */
function keptOf(
  { api, page, graph }: Registered,
  wish: Wish,
  given: readonly string[],
): { wish: Partial<Wish>; args: string[] } {
  const keepsUrls = !given.includes('--page-url') && !given.includes('--no-page-url');
  const pageUrls = page === undefined ? [] : registeredPageUrls(page);
  const keepsPermissions = !given.includes('--permission');
  const more = (api === undefined ? [] : registeredPermissions(api, graph)).filter(
    (name) => !wish.permissions.includes(name),
  );
  const name = given.includes('--name') ? undefined : registeredName(api ?? page);
  const keepsName = name !== undefined && name !== wish.name;
  const named = pageUrls.length > 0 ? pageUrls : ['<origin of the page>'];
  return {
    wish: {
      ...(keepsName && { name }),
      ...(keepsUrls && { pageUrls }),
      ...(keepsPermissions && { permissions: [...wish.permissions, ...more] }),
    },
    args: [
      ...(keepsName ? ['--name', name] : []),
      ...(keepsUrls ? named.flatMap((url) => ['--page-url', url]) : []),
      ...(keepsPermissions ? options(more) : []),
    ],
  };
}

/** What keeps the registrations from being read. It says nothing about them. */
export function lineOfFailure(error: unknown): Line {
  if (error instanceof UsageError) {
    return skipped('GRAPH_BASE_URL is no address of Microsoft Graph, so your token is not sent there.', {
      remedy: 'docs/clouds.md has the address of each cloud.',
      command: 'az cloud list --query "[].[name, endpoints.microsoftGraphResourceId]"',
    });
  }
  if (error instanceof RefusedError) {
    const { status } = error;
    if (status === undefined || status === 429 || status >= 500) {
      return unreachable('Microsoft Graph does not answer.', {
        remedy: 'Check the network, and try again.',
        command: ASK_AGAIN,
      });
    }
    return skipped(`Microsoft Graph does not let you read this (${status}).`, {
      remedy: 'Sign in as somebody who may read applications.',
      command: 'az login',
    });
  }
  if (error instanceof PlainError) return skipped(error.message);
  throw error;
}
