/**
 * The identity endpoint of App Service and Functions, api-version 2019-08-01
 * (https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference). It is part of this
 * server, although in Azure it belongs to the machine of the app.
 */
import { randomUUID } from 'node:crypto';
import { Hono } from 'hono';
import {
  IDENTITY_HEADER,
  IDENTITY_PATH,
  MANAGED_IDENTITIES,
  SYSTEM_IDENTITY,
  TENANT_ID,
} from './directory.ts';
import type { EntraEnv } from './journal.ts';
import { issuerOf, type StandIn } from './standIn.ts';

const API_VERSION = '2019-08-01';

export function identityEndpoint(standIn: StandIn): Hono<EntraEnv> {
  const { faults, journal, keys } = standIn;
  const app = new Hono<EntraEnv>();

  app.get(IDENTITY_PATH, journal.record('identity'), async (c) => {
    const refuse = (statusCode: 400 | 401, message: string) => {
      c.get('entry').error = String(statusCode);
      return c.json({ statusCode, message, correlationId: randomUUID() }, statusCode);
    };
    const answer = await faults.meet(c, 'identity');
    if (answer) return answer;
    // The header shows that the request comes from the app itself, and was not made by it for somebody else.
    if (c.req.header('x-identity-header') !== IDENTITY_HEADER)
      return refuse(401, 'The header is missing or wrong.');
    if (c.req.query('api-version') !== API_VERSION) return refuse(400, 'The api-version is not supported.');
    const resource = c.req.query('resource') ?? '';
    if (resource === '') return refuse(400, "The parameter 'resource' is missing.");
    const id = c.req.query('client_id');
    const identity =
      id === undefined
        ? SYSTEM_IDENTITY
        : MANAGED_IDENTITIES.find(({ clientId }) => clientId === id.toLowerCase());
    if (identity === undefined) {
      return refuse(
        400,
        'No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.',
      );
    }
    const { clientId, principalId } = identity;
    c.get('entry').client = clientId;
    const lifetime = standIn.lifetimes.managedIdentity;
    const claims = {
      iss: issuerOf(standIn, TENANT_ID),
      aud: resource,
      sub: principalId,
      oid: principalId,
      tid: TENANT_ID,
      azp: clientId,
      idtyp: 'app',
      xms_mirid: `/subscriptions/local/providers/Microsoft.ManagedIdentity/${clientId}`,
      ver: '2.0',
    };
    return c.json({
      access_token: await keys.sign(claims, lifetime),
      // Text, as there.
      expires_on: String(Math.floor(Date.now() / 1_000) + lifetime),
      resource,
      token_type: 'Bearer',
      client_id: clientId,
    });
  });
  return app;
}
