import type { Api } from '../api.ts';
import { CLOUDS, GRAPH_APP_ID } from '../clouds.ts';

/** The resources of Microsoft Graph: its application id, and its origins in all clouds. */
export const GRAPH_RESOURCES: readonly [string, ...string[]] = [
  GRAPH_APP_ID,
  ...CLOUDS.flatMap(({ graph }) => graph),
];

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
