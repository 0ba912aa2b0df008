/**
 * The scopes for which Stead keeps a token of every connected user. Use this constant everywhere: MSAL keeps separate
 * tokens for `User.Read` and `https://graph.microsoft.com/User.Read`.
 */
export const GRAPH_SCOPES: readonly string[] = ['User.Read'];
