/**
 * The `claims` parameter (OpenID Connect Core §5.5) as conditional access uses it: it names policies that the
 * sign-in of the next access token must have met. Other members, such as the client capabilities that MSAL merges in,
 * are ignored.
 */
import { EntraError } from './entraError.ts';
import { isRecord } from './input.ts';

/** The challenge as raw JSON. */
export const claimsChallenge = (policies: readonly string[]): string =>
  JSON.stringify({ access_token: { polids: { essential: true, values: policies } } });

/** The error that demands a sign-in which meets these policies. */
export const claimsRefusal = (policies: readonly string[]): EntraError =>
  new EntraError('interaction_required', 50076, 'Multifactor authentication is required for this resource.', {
    suberror: 'basic_action',
    claims: claimsChallenge(policies),
  });

/**
 * Ids of the policies that a request's `claims` parameter names; none if it has no such parameter.
 * @throws EntraError 9002313 if the parameter is not a JSON object
 */
export function demandedPolicies(params: URLSearchParams): string[] {
  const claims = parsed(params.get('claims') || '{}');
  if (!isRecord(claims)) {
    throw new EntraError('invalid_request', 9002313, "The parameter 'claims' is not a JSON object.");
  }
  const { access_token } = claims as { access_token?: { polids?: { values?: unknown } | null } | null };
  const values = access_token?.polids?.values;
  return Array.isArray(values) ? values.filter((value) => typeof value === 'string') : [];
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
