/** What clients look up before anything else: discovery documents and the published keys. */
import { Hono } from 'hono';
import { isTenantAlias } from './directory.ts';
import type { EntraEnv } from './journal.ts';
import { issuerOf, type StandIn, tenantIn } from './standIn.ts';

export function metadataEndpoints(standIn: StandIn): Hono<EntraEnv> {
  const { origin, journal, keys, faults } = standIn;
  const app = new Hono<EntraEnv>();
  // If the path names no tenant, Entra writes this placeholder, and the reader inserts the tenant of the token.
  const issuerFor = (tenant: string) => issuerOf(standIn, isTenantAlias(tenant) ? '{tenantid}' : tenant);

  app.get('/common/discovery/instance', journal.record('discovery'), (c) => {
    const host = new URL(origin).host;
    return c.json({
      tenant_discovery_endpoint: `${origin}/common/v2.0/.well-known/openid-configuration`,
      'api-version': '1.1',
      metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
    });
  });

  app.get('/:tenant/v2.0/.well-known/openid-configuration', journal.record('discovery'), (c) => {
    const tenant = tenantIn(standIn, c.req.param('tenant'));
    const application = c.req.query('appid');
    const more = application === undefined ? '' : `?${new URLSearchParams({ appid: application })}`;
    return c.json({
      issuer: issuerFor(tenant),
      authorization_endpoint: `${origin}/${tenant}/oauth2/v2.0/authorize`,
      token_endpoint: `${origin}/${tenant}/oauth2/v2.0/token`,
      end_session_endpoint: `${origin}/${tenant}/oauth2/v2.0/logout`,
      jwks_uri: `${origin}/${tenant}/discovery/v2.0/keys${more}`,
      response_types_supported: ['code'],
      response_modes_supported: ['query', 'fragment'],
      grant_types_supported: [
        'authorization_code',
        'refresh_token',
        'client_credentials',
        'urn:ietf:params:oauth:grant-type:jwt-bearer',
      ],
      subject_types_supported: ['pairwise'],
      id_token_signing_alg_values_supported: ['RS256'],
      code_challenge_methods_supported: ['S256'],
      scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
      token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'none'],
      claims_parameter_supported: true,
      request_parameter_supported: false,
      request_uri_parameter_supported: false,
      // Entra names the cloud of the tenant, and the host of Graph in it.
      cloud_instance_name: 'microsoftonline.com',
      msgraph_host: new URL(origin).host,
    });
  });

  app.get('/:tenant/discovery/v2.0/keys', journal.record('jwks'), async (c) => {
    const tenant = tenantIn(standIn, c.req.param('tenant'));
    // Entra publishes the keys of an application that has its own signing keys only here.
    const application = c.req.query('appid');
    if (application !== undefined) c.get('entry').client = application;
    const answer = await faults.meet(c, 'jwks');
    if (answer) return answer;
    const published = application === undefined ? keys.published() : keys.publishedFor(application);
    return c.json({ keys: published.map((key) => ({ ...key, issuer: issuerFor(tenant) })) });
  });
  return app;
}
