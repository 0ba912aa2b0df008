import { decodeJwt } from 'jose';

/** A grant that a process was given by the token endpoint; refresh tokens by their `jti`. */
export type StormGrant = {
  type: 'on_behalf_of' | 'refresh_token';
  /** The refresh token that was presented. */
  presented: string | undefined;
  /** The refresh token that was issued. */
  issued: string;
};

/** `jti` of a refresh token of the stand-in's. */
export const jtiOf = (refreshToken: string): string => String(decodeJwt(refreshToken).jti);

/** `fetch` that notes what the token endpoint grants through it. */
export function fetchNotingGrants(grants: StormGrant[], send: typeof fetch): typeof fetch {
  return async (input, init) => {
    const response = await send(input, init);
    if (!new URL(String(input)).pathname.endsWith('/oauth2/v2.0/token') || !response.ok) return response;
    const { refresh_token } = (await response.clone().json()) as { refresh_token?: string };
    const presented = new URLSearchParams(String(init?.body)).get('refresh_token');
    if (refresh_token !== undefined) {
      grants.push({
        type: presented === null ? 'on_behalf_of' : 'refresh_token',
        presented: presented === null ? undefined : jtiOf(presented),
        issued: jtiOf(refresh_token),
      });
    }
    return response;
  };
}
