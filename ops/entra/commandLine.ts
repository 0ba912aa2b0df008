import type { ParseArgsOptionsConfig } from 'node:util';
import { PUBLIC_CLOUD } from '../../shared/clouds.ts';
import { isLoopback } from '../../shared/isLoopback.ts';
import { isGuid } from '../../shared/userId.ts';
import { UsageError } from '../cli/errors.ts';
import { readArguments } from '../cli/readArguments.ts';
import type { Wish } from './applicationWish.ts';
import { readGraphUrl } from './readGraphUrl.ts';

type Common = {
  /** The origin of Microsoft Graph. */
  graph: string;
  tenantId: string | undefined;
  dryRun: boolean;
  json: boolean;
};
export type RegisterCommand = Common & {
  wish: Wish;
  /** The origin of the functions. */
  apiUrl: string;
};
export type CleanUpCommand = Common & { name: string };

const flag = { type: 'boolean', default: false } as const;
const text = { type: 'string' } as const;
const texts = { type: 'string', multiple: true } as const;

const COMMON = {
  name: text,
  tenant: text,
  'graph-url': text,
  'dry-run': flag,
  json: flag,
} as const satisfies ParseArgsOptionsConfig;

const REGISTER = {
  ...COMMON,
  'page-url': texts,
  'no-page-url': flag,
  'api-url': text,
  permission: texts,
  'managed-identity': text,
  'wake-worker': flag,
  'link-url': text,
  'admin-consent': flag,
  'multi-tenant': flag,
  'api-client-id': text,
  'page-client-id': text,
} as const satisfies ParseArgsOptionsConfig;

/** @throws {UsageError} the command line is wrong; the message says what is allowed. */
export function readRegisterCommand(args: readonly string[]): RegisterCommand {
  const { values } = readArguments(args, REGISTER);
  const { graph, cloud } = readGraphUrl(values['graph-url'] ?? PUBLIC_CLOUD.graph[0]);
  const noPageUrl = values['no-page-url'];
  if (noPageUrl && values['page-url'] !== undefined) {
    throw new UsageError('--no-page-url and --page-url contradict each other.');
  }
  const pageUrls = (values['page-url'] ?? (noPageUrl ? [] : ['http://localhost:3000'])).map(readPageUrl);
  const apiClientId = readGuid('--api-client-id', values['api-client-id']);
  const pageClientId = readGuid('--page-client-id', values['page-client-id']);
  if (apiClientId !== undefined && apiClientId === pageClientId) {
    throw new UsageError('The API and the page must be two applications.');
  }
  return {
    ...readCommon(values),
    graph,
    apiUrl: readOrigin('--api-url', values['api-url'] ?? 'http://localhost:7071'),
    wish: {
      name: readName(values.name),
      pageUrls: unique(pageUrls),
      permissions: unique(['User.Read', ...(values.permission ?? []).map(readPermission)]),
      managedIdentity: readGuid('--managed-identity', values['managed-identity']),
      wakeWorker: values['wake-worker'],
      linkUrl: readLinkUrl(values['link-url']),
      adminConsent: values['admin-consent'],
      multiTenant: values['multi-tenant'],
      apiClientId,
      pageClientId,
      cloud,
    },
  };
}

/** @throws {UsageError} the command line is wrong; the message says what is allowed. */
export function readCleanUpCommand(args: readonly string[]): CleanUpCommand {
  const { values } = readArguments(args, COMMON);
  const { graph } = readGraphUrl(values['graph-url'] ?? PUBLIC_CLOUD.graph[0]);
  return { ...readCommon(values), graph, name: readName(values.name) };
}

const readCommon = (values: { tenant?: string; 'dry-run': boolean; json: boolean }) => ({
  tenantId: readGuid('--tenant', values.tenant),
  dryRun: values['dry-run'],
  json: values.json,
});

/** The name is part of a tag and of a query, so it has no character that either could misread. */
function readName(name = 'stead'): string {
  if (/^[a-z0-9][a-z0-9-]{0,49}$/i.test(name)) return name;
  throw new UsageError('--name takes letters, digits and hyphens, at most 50.');
}

function readGuid(option: string, value: string | undefined): string | undefined {
  if (value !== undefined && !isGuid(value)) throw new UsageError(`${option} takes a GUID.`);
  return value?.toLowerCase();
}

/** The page answers to no other name of this machine than localhost. */
function readPageUrl(value: string): string {
  const origin = readOrigin('--page-url', value);
  if (origin.startsWith('https:') || new URL(origin).hostname === 'localhost') return origin;
  throw new UsageError('--page-url takes https, or http on localhost.');
}

function readOrigin(option: string, value: string): string {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url));
  if (url === undefined || !isSafe || url.href !== `${url.origin}/`) {
    throw new UsageError(
      `${option} takes an origin such as https://example.org; http is for localhost alone.`,
    );
  }
  return url.origin;
}

/** It is registered as it is, and Entra compares it letter by letter. */
function readLinkUrl(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url));
  if (url !== undefined && isSafe && url.href === value && /^[^?#@]+\/callback$/.test(value)) return value;
  throw new UsageError(
    '--link-url takes the address of the callback, such as https://example.org/api/connection/link/callback; http is for localhost alone.',
  );
}

function readPermission(name: string): string {
  if (/^[A-Za-z][\w.-]{1,99}$/.test(name)) return name;
  throw new UsageError('--permission takes the name of a delegated permission, such as Mail.Read.');
}

const unique = (all: readonly string[]): string[] => [...new Set(all)];
