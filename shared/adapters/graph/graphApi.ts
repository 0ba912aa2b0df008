import type { Client } from '@microsoft/microsoft-graph-client';
import type { Api } from '../../api.ts';
import { readClaimsChallenge } from '../../tokens/challenge.ts';
import { classifyFailure } from '../../tokens/failures.ts';
import { openGraphClient } from './graphClient.ts';
import { graphFacts } from './graphFailure.ts';

/**
 * Microsoft Graph, with Microsoft's client for it (`graph`). The setting `GRAPH_BASE_URL` gives the address that a
 * deployment uses (https://learn.microsoft.com/graph/deployments).
 */
export const graph: Api<{ graph: Client }> = {
  name: 'graph',
  resource: 'https://graph.microsoft.com',
  otherResources: [
    'https://graph.microsoft.us',
    'https://dod-graph.microsoft.us',
    'https://microsoftgraph.chinacloudapi.cn',
  ],
  baseUrl: 'https://graph.microsoft.com',
  // https://learn.microsoft.com/graph/throttling-limits#request-headers. Services that do not know the header ignore it.
  backgroundHeaders: { 'x-ms-throttle-priority': 'low' },
  readChallenge: ({ headers }) => readClaimsChallenge(headers.get('www-authenticate')),
  readFailure: ({ status, headers }, now) => classifyFailure(graphFacts(status, headers, now)),
  open: (fetch, baseUrl) => ({ graph: openGraphClient(fetch, baseUrl) }),
};
