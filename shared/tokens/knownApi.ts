import type { Api } from '../api.ts';

/** The resources of Microsoft Graph in all clouds (https://learn.microsoft.com/graph/deployments), and its application id. */
export const GRAPH_RESOURCES = [
  'https://graph.microsoft.com',
  'https://graph.microsoft.us',
  'https://dod-graph.microsoft.us',
  'https://microsoftgraph.chinacloudapi.cn',
  '00000003-0000-0000-c000-000000000000',
] as const;

const known = new WeakSet<object>();

/**
 * Freezes an API, and remembers that its name, resource and address were checked. A token is bound only to such a value: a
 * value that only looks like one could send the token of one service to another.
 */
export function knownApi<A extends Api>(api: A): Readonly<A> {
  const frozen = Object.freeze(api);
  known.add(frozen);
  return frozen;
}

export const isKnownApi = (api: unknown): api is Api =>
  typeof api === 'object' && api !== null && known.has(api);
