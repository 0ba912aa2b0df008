/**
 * The same job as samples and tutorials do it: jose verifies each token, a new MSAL client for each request has a
 * `DistributedCachePlugin` over blobs, and Microsoft's client calls Graph.
 */
import { app } from '@azure/functions';
import { ConfidentialClientApplication, DistributedCachePlugin } from '@azure/msal-node';
import { BlobServiceClient } from '@azure/storage-blob';
import { Client } from '@microsoft/microsoft-graph-client';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import './usage.ts';

const {
  ENTRA_AUTHORITY = '',
  ENTRA_TENANT_ID = '',
  ENTRA_CLIENT_ID = '',
  ENTRA_CLIENT_SECRET = '',
  GRAPH_BASE_URL = '',
  TokenStore = '',
} = process.env;
const tenant = `${ENTRA_AUTHORITY}/${ENTRA_TENANT_ID}`;
const { host } = new URL(ENTRA_AUTHORITY);
const keys = createRemoteJWKSet(new URL(`${tenant}/discovery/v2.0/keys`));
const container = BlobServiceClient.fromConnectionString(TokenStore).getContainerClient('usual');
// The endpoints are given, as in the measured application, so that no client fetches them.
const auth = {
  clientId: ENTRA_CLIENT_ID,
  clientSecret: ENTRA_CLIENT_SECRET,
  authority: `https://${host}/${ENTRA_TENANT_ID}`,
  knownAuthorities: [host],
  authorityMetadata: JSON.stringify({
    issuer: `${tenant}/v2.0`,
    authorization_endpoint: `${tenant}/oauth2/v2.0/authorize`,
    token_endpoint: `${tenant}/oauth2/v2.0/token`,
    jwks_uri: `${tenant}/discovery/v2.0/keys`,
  }),
};

const cacheClient = {
  async get(key: string): Promise<string> {
    try {
      return String(await container.getBlockBlobClient(key).downloadToBuffer());
    } catch {
      return '';
    }
  },
  async set(key: string, value: string): Promise<string> {
    await container.getBlockBlobClient(key).upload(value, Buffer.byteLength(value));
    return value;
  },
};

app.http('profile', {
  methods: ['GET'],
  authLevel: 'anonymous',
  route: 'profile',
  handler: async (request, context) => {
    const assertion = (request.headers.get('authorization') ?? '').slice('Bearer '.length);
    const verified = await jwtVerify(assertion, keys, {
      issuer: `${tenant}/v2.0`,
      audience: ENTRA_CLIENT_ID,
      algorithms: ['RS256'],
    });
    const key = `${verified.payload.tid}.${verified.payload.oid}`;
    const partition = { getKey: async () => key, extractKey: async () => key };
    const client = new ConfidentialClientApplication({
      auth,
      cache: { cachePlugin: new DistributedCachePlugin(cacheClient, partition) },
    });
    await client.getTokenCache().getAllAccounts();
    const token = await client.acquireTokenOnBehalfOf({
      oboAssertion: assertion,
      scopes: ['https://graph.microsoft.com/.default'],
    });
    const graph = Client.init({
      baseUrl: GRAPH_BASE_URL,
      authProvider: (done) => done(null, token?.accessToken ?? ''),
      customHosts: new Set([new URL(GRAPH_BASE_URL).hostname]),
    });
    const user: unknown = await graph.api('/me').get();
    context.info(`answered ${key}`);
    return { jsonBody: user };
  },
});
