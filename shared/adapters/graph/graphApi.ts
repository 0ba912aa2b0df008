import { type Client, GraphError } from '@microsoft/microsoft-graph-client';
import type { Api, ApiFetch } from '../../api.ts';
import { PUBLIC_CLOUD } from '../../clouds.ts';
import { readClaimsChallenge } from '../../tokens/challenge.ts';
import { classifyFailure } from '../../tokens/failures.ts';
import { GRAPH_RESOURCES, knownApi } from '../../tokens/knownApi.ts';
import { openGraphClient } from './graphClient.ts';
import { factsOfGraphError, graphFacts } from './graphFailure.ts';

/**
 * Microsoft Graph, with Microsoft's client for it (`graph`). The setting `GRAPH_BASE_URL` gives the address that a
 * deployment uses (https://learn.microsoft.com/graph/deployments).
 */
export const graph: Api<{ graph: Client }> = knownApi({
  name: 'graph',
  resource: PUBLIC_CLOUD.graph[0],
  otherResources: GRAPH_RESOURCES,
  baseUrl: PUBLIC_CLOUD.graph[0],
  // https://learn.microsoft.com/graph/throttling-limits#request-headers. Services that do not know the header ignore it.
  backgroundHeaders: { 'x-ms-throttle-priority': 'low' },
  readChallenge: ({ headers }: Response) => readClaimsChallenge(headers.get('www-authenticate')),
  readFailure: ({ status, headers }: Response, now: Date) =>
    classifyFailure(graphFacts(status, headers, now)),
  readError: (error: unknown, now: Date) =>
    error instanceof GraphError ? classifyFailure(factsOfGraphError(error, now)) : undefined,
  open: (fetch: ApiFetch, baseUrl: string) => ({ graph: openGraphClient(fetch, baseUrl) }),
});
