/** `POST /{tenant}/oauth2/v2.0/token`. */
import { Hono } from 'hono';
import { issueAppToken } from './appToken.ts';
import { claimsRefusal, demandedPolicies } from './claimsChallenge.ts';
import { consentRefusal, EntraError } from './entraError.ts';
import { authenticateClient, createGrantReader, grantTypeIn } from './grants.ts';
import { issueTokens } from './issueTokens.ts';
import type { EntraEnv } from './journal.ts';
import { readScopes } from './scopes.ts';
import { type StandIn, tenantIn } from './standIn.ts';

const NOT_KEPT = { 'Cache-Control': 'no-store', Pragma: 'no-cache' };

export function tokenEndpoint(standIn: StandIn): Hono<EntraEnv> {
  const { consents, faults, journal } = standIn;
  const readGrant = createGrantReader(standIn);
  const app = new Hono<EntraEnv>();

  app.post('/:tenant/oauth2/v2.0/token', journal.record('token'), async (c) => {
    const entry = c.get('entry');
    const params = new URLSearchParams(await c.req.text());
    const type = grantTypeIn(params);
    if (type) entry.grant = type;
    const tenant = tenantIn(standIn, c.req.param('tenant'));
    const client = await authenticateClient(standIn, { params, tenant, origin: c.req.header('origin') });
    entry.client = client.id;
    if (!type) throw new EntraError('unsupported_grant_type', 70003, 'This grant_type is not supported.');

    if (type === 'client_credentials') {
      const answer = await faults.meet(c, 'token');
      return answer ?? c.json(await issueAppToken(standIn, { client, tenant, params }), 200, NOT_KEPT);
    }
    const grant = await readGrant({ type, params, client, tenant });
    const { identity } = grant;
    entry.user = identity.user.name;
    if (client.kind === 'web') {
      const answer = await faults.meet(c, 'token', identity, grant.signIn.policies);
      if (answer) return answer;
      // This comes after the faults: a token that is revoked during a delay must not pass.
      if (
        grant.refreshTokenIssuedAt !== undefined &&
        faults.isRevoked(identity, grant.refreshTokenIssuedAt)
      ) {
        throw new EntraError('invalid_grant', 50173, 'The grant was revoked.', { suberror: 'bad_token' });
      }
    }
    const request = readScopes(grant.scope, standIn.clients);
    // The sign-in of the code knows the consent already. Later requests may reach servers that do not know it yet.
    const delay = type === 'authorization_code' ? 0 : consents.settings.delaySeconds;
    const granted = consents.granted(client, request.resource, identity, delay);
    if (request.isDefault ? granted.length === 0 : request.named.some((one) => !granted.includes(one))) {
      throw consentRefusal(client);
    }
    const unmet = demandedPolicies(params).filter((policy) => !grant.signIn.policies.includes(policy));
    if (unmet.length > 0) throw claimsRefusal(unmet);
    return c.json(await issueTokens(standIn, grant, request, granted), 200, NOT_KEPT);
  });
  return app;
}
