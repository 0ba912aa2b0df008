/**
 * The scopes for which Stead keeps a token of every connected user. Use this constant everywhere: MSAL keeps separate
 * tokens for `User.Read` and `https://graph.microsoft.com/User.Read`.
 */
export const GRAPH_SCOPES: readonly string[] = ['User.Read'];

/** The same scopes, each with its resource. A page asks for consent with these. */
export const GRAPH_CONSENT_SCOPES: readonly string[] = GRAPH_SCOPES.map(
  (scope) => `https://graph.microsoft.com/${scope}`,
);
