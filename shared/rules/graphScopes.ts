/**
 * The one constant for scopes: what every connected user has a token for. To MSAL `User.Read` and
 * `https://graph.microsoft.com/User.Read` are two tokens.
 */
export const GRAPH_SCOPES: readonly string[] = ['User.Read'];
