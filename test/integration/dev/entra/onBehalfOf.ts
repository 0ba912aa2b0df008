/** The web API's use of msal-node, from an assertion to tokens for a user who is away. */
import { AuthError, type ConfidentialClientApplication } from '@azure/msal-node';
import { expect } from 'vitest';
import type { Entra } from '../../../../dev/entra/startEntra.ts';
import { confidentialClient, GRAPH_SCOPES, signIn } from '../../../support/entraClients.ts';

export async function onBehalfOf(client: ConfidentialClientApplication, assertion: string, claims?: string) {
  const request = {
    oboAssertion: assertion,
    scopes: GRAPH_SCOPES,
    ...(claims === undefined ? {} : { claims }),
  };
  const result = await client.acquireTokenOnBehalfOf(request);
  if (!result) throw new Error('no result');
  return result;
}

/** A client that holds the user's tokens, and the way back in. */
export async function afterObo(entra: Entra, user: string) {
  const { accessToken } = await signIn(entra, user);
  const client = confidentialClient(entra);
  const result = await onBehalfOf(client, accessToken);
  if (!result.account) throw new Error('no account');
  return { client, account: result.account, accessToken, graphToken: result.accessToken };
}

/** What an attempt was refused with; fails the test if it was not. */
export async function refusal(attempt: Promise<unknown>): Promise<AuthError> {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AuthError);
  return error as AuthError;
}
