/** Whose token a request to Graph carries, and whether it may do what it asks for. */
import type { Context } from 'hono';
import { errors } from 'jose';
import { GRAPH_APP_ID, type Identity } from './directory.ts';
import { GraphError } from './entraError.ts';
import { signInOf } from './issueTokens.ts';
import type { EntraEnv } from './journal.ts';
import { issuerOf, type StandIn } from './standIn.ts';

export type Needed = {
  /** One of these permissions is enough. */
  permissions: readonly string[];
  /** What the service behind Graph calls it if there is none. */
  refusal: string;
};

/**
 * The person of the request, or the response of a fault that hits it.
 * @throws GraphError 401 for a token that Graph does not take, 403 if it lacks the permission
 */
export async function admitToGraph(
  standIn: StandIn,
  c: Context<EntraEnv>,
  { permissions, refusal }: Needed,
): Promise<Identity | Response> {
  const token = await verifyGraphToken(standIn, c.req.header('authorization'));
  const { identity, client, policies } = token;
  Object.assign(c.get('entry'), { user: identity.user.name, client });
  const answer = await standIn.faults.meet(c, 'graph', identity, policies);
  if (answer) return answer;
  if (!permissions.some((one) => token.permissions.includes(one))) {
    throw new GraphError(403, refusal, `The token lacks the permission ${permissions.join(' or ')}.`);
  }
  return identity;
}

async function verifyGraphToken(standIn: StandIn, authorization: string | undefined) {
  const refuse = (message: string) => {
    const challenge = `Bearer realm="", authorization_uri="${standIn.origin}/common/oauth2/v2.0/authorize", client_id="${GRAPH_APP_ID}"`;
    return new GraphError(401, 'InvalidAuthenticationToken', message, { 'WWW-Authenticate': challenge });
  };
  const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  if (token === undefined) throw refuse('There is no access token.');
  const claims = await standIn.keys.verify(token, GRAPH_APP_ID).catch((error: unknown) => {
    if (error instanceof errors.JWTExpired) throw refuse('The access token has expired.');
    if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'aud') {
      throw refuse('The access token is for another audience.');
    }
    throw refuse('The access token is not valid.');
  });
  const identity = standIn.people.identityOf(claims.tid, claims.oid);
  if (!identity || claims.iss !== issuerOf(standIn, identity.tid))
    throw refuse('The access token is not valid.');
  return {
    identity,
    client: String(claims.azp),
    permissions: String(claims.scp ?? '').split(' '),
    policies: signInOf({ policies: claims.polids }).policies,
  };
}
