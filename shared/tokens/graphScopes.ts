/**
 * The one constant for scopes: what every connected user has a token for. To MSAL `User.Read` and
 * `https://graph.microsoft.com/User.Read` are two tokens.
 */
export const GRAPH_SCOPES: readonly string[] = ['User.Read'];

/** The same scopes, each with the resource that it belongs to: how a page asks for consent to them. */
export const GRAPH_CONSENT_SCOPES: readonly string[] = GRAPH_SCOPES.map(
  (scope) => `https://graph.microsoft.com/${scope}`,
);
