/** What a token request must prove, and what it may then get for a user. Nothing is issued here. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { errors, type JWTPayload } from 'jose';
import { verifyClientAssertion } from './clientAssertion.ts';
import type { Client } from './clients.ts';
import { type DemoUser, type Identity, identityIn } from './directory.ts';
import { EntraError } from './entraError.ts';
import { type Grant, signInOf } from './issueTokens.ts';
import type { JournalEntry } from './journal.ts';
import { issuerOf, type StandIn } from './standIn.ts';

export type GrantType = NonNullable<JournalEntry['grant']>;
/** The grants that are for a user. */
type UserGrantType = Exclude<GrantType, 'client_credentials'>;

/** `grant_type` values (RFC 6749 §4.1.3, §4.4.2, §6; RFC 7523 §2.1 in Entra's on-behalf-of use) by their journal name. */
const GRANT_TYPES: Record<string, GrantType> = {
  authorization_code: 'authorization_code',
  refresh_token: 'refresh_token',
  client_credentials: 'client_credentials',
  'urn:ietf:params:oauth:grant-type:jwt-bearer': 'on_behalf_of',
};

export const grantTypeIn = (params: URLSearchParams): GrantType | undefined =>
  GRANT_TYPES[params.get('grant_type') ?? ''];

export type ReadGrant = Grant & {
  /** When the refresh token that was presented was issued (`preciseNow`). */
  refreshTokenIssuedAt?: number;
};

type GrantRequest = { type: UserGrantType; params: URLSearchParams; client: Client; tenant: string };

const sameText = (a: string, b: string): boolean => {
  const [left, right] = [a, b].map((text) => createHash('sha256').update(text).digest());
  return left !== undefined && right !== undefined && timingSafeEqual(left, right);
};

/**
 * Who is asking (RFC 6749 §3.2.1), by Entra's rules: a single-page app has no credential and redeems cross-origin only.
 * @throws EntraError 700016, 9002326, 9002327, 700025, 7000215, 7000218, 7000222, and those of `verifyClientAssertion`
 */
export async function authenticateClient(
  standIn: StandIn,
  { params, tenant, origin }: { params: URLSearchParams; tenant: string; origin: string | undefined },
): Promise<Client> {
  const { clients } = standIn;
  const client = clients.find(params.get('client_id'));
  const secret = params.get('client_secret');
  if (!client) {
    throw new EntraError(
      'unauthorized_client',
      700016,
      'There is no application with this client_id in the tenant.',
    );
  }
  if (client.kind === 'spa' && origin === undefined) {
    throw new EntraError(
      'invalid_request',
      9002327,
      'A single-page app redeems tokens by cross-origin requests only.',
    );
  }
  if (origin !== undefined && (client.kind !== 'spa' || !clients.isSpaOrigin(origin))) {
    throw new EntraError('invalid_request', 9002326, `Tokens are not redeemed from the origin '${origin}'.`);
  }
  if (client.kind === 'spa') {
    if (secret === null && !params.has('client_assertion')) return client;
    throw new EntraError('invalid_client', 700025, 'This client is public and must send no credential.', {
      status: 401,
    });
  }
  if (params.has('client_assertion')) {
    await verifyClientAssertion(standIn, client.id, tenant, params);
    return client;
  }
  if (secret === null) {
    throw new EntraError(
      'invalid_client',
      7000218,
      "The request body must contain the parameter 'client_assertion' or 'client_secret'.",
      { status: 401 },
    );
  }
  const { secrets } = standIn.credentials.of(client.id);
  const all = [
    ...secrets,
    ...(client.secret === undefined ? [] : [{ text: client.secret, endsAt: Infinity }]),
  ];
  const found = all.find(({ text }) => sameText(secret, text));
  if (found === undefined) {
    throw new EntraError('invalid_client', 7000215, 'The client secret is wrong.', { status: 401 });
  }
  if (found.endsAt <= Date.now()) {
    throw new EntraError('invalid_client', 7000222, 'The client secret has expired.', { status: 401 });
  }
  return client;
}

/** Reads the grants of one server, and remembers the codes that were redeemed. */
export function createGrantReader(standIn: StandIn): (request: GrantRequest) => Promise<ReadGrant> {
  const { people } = standIn;
  const redeemed = new Map<string, number>();
  const stolen = new Set<unknown>();

  async function authorizationCode({ params, client, tenant }: GrantRequest): Promise<ReadGrant> {
    const code = await standIn.keys.open('code+jwt', params.get('code') ?? '').catch((error: unknown) => {
      if (error instanceof errors.JWTExpired)
        throw new EntraError('invalid_grant', 70008, 'The code has expired.');
      throw new EntraError('invalid_grant', 9002313, 'The code is malformed.');
    });
    if (code.client_id !== client.id) {
      throw new EntraError('invalid_grant', 70000, 'The code was issued to another client.');
    }
    if (code.redirect_uri !== params.get('redirect_uri')) {
      throw new EntraError(
        'invalid_grant',
        500112,
        'The redirect_uri is not the one that the code was asked with.',
      );
    }
    const verifier = params.get('code_verifier') ?? '';
    if (code.code_challenge !== createHash('sha256').update(verifier).digest('base64url')) {
      throw new EntraError('invalid_grant', 501481, 'The code_verifier does not match the code_challenge.');
    }
    const id = String(code.jti);
    if (redeemed.has(id)) {
      // Somebody else has the code, too: what it brought is worth nothing any more (RFC 6749 §4.1.2).
      stolen.add(id);
      throw new EntraError('invalid_grant', 54005, 'The code was redeemed before.');
    }
    for (const [old, end] of redeemed) if (end < Date.now() / 1000) redeemed.delete(old);
    redeemed.set(id, Number(code.exp));
    return {
      ...common(params, client),
      identity: identityAt(tenant, people.named(code.sub)),
      scope: String(code.scope),
      signIn: {
        ...signInOf(code),
        ...(client.kind === 'spa' ? { pageSince: Math.floor(Date.now() / 1_000) } : {}),
      },
      code: id,
      ...(typeof code.nonce === 'string' ? { nonce: code.nonce } : {}),
    };
  }

  async function refreshToken({ params, client, tenant }: GrantRequest): Promise<ReadGrant> {
    const sealed = params.get('refresh_token') ?? '';
    const token = await standIn.keys.open('refresh+jwt', sealed).catch((error: unknown) => {
      if (!(error instanceof errors.JWTExpired)) {
        throw new EntraError('invalid_grant', 9002313, 'The refresh token is malformed.');
      }
      throw client.kind === 'spa'
        ? new EntraError(
            'invalid_grant',
            700084,
            'The refresh token of a single-page app has reached its fixed end.',
          )
        : new EntraError('invalid_grant', 700082, 'The refresh token has expired.');
    });
    if (token.client_id !== client.id) {
      throw new EntraError('invalid_grant', 70000, 'The refresh token was issued to another client.');
    }
    if (stolen.has(token.code)) throw new EntraError('invalid_grant', 50173, 'The grant was revoked.');
    return {
      ...common(params, client),
      identity: identityAt(tenant, people.named(token.sub)),
      scope: params.get('scope') ?? String(token.scope),
      signIn: signInOf(token),
      refreshTokenIssuedAt: Number(token.issued_at),
      ...(client.kind === 'spa' || token.has_fixed_end ? { refreshTokenEnd: Number(token.exp) } : {}),
      ...(typeof token.code === 'string' ? { code: token.code } : {}),
    };
  }

  async function onBehalfOf({ params, client, tenant }: GrantRequest): Promise<ReadGrant> {
    if (client.kind === 'spa')
      throw new EntraError('unauthorized_client', 700025, 'A public client cannot do this.');
    if (params.get('requested_token_use') !== 'on_behalf_of') {
      throw new EntraError(
        'invalid_request',
        900144,
        "The parameter 'requested_token_use' must be on_behalf_of.",
      );
    }
    const assertion = await verifyAssertion(standIn, params.get('assertion') ?? '', client);
    const signIn = signInOf({ ...assertion, policies: assertion.polids });
    const { exchangedRefreshToken } = standIn.lifetimes;
    const isLimited = exchangedRefreshToken !== undefined && signIn.pageSince !== undefined;
    return {
      ...common(params, client),
      identity: identityAt(tenant, people.identityOf(assertion.tid, assertion.oid)?.user),
      scope: params.get('scope') ?? '',
      signIn,
      withIdToken: standIn.idTokenOnObo,
      ...(isLimited ? { refreshTokenEnd: Number(signIn.pageSince) + Number(exchangedRefreshToken) } : {}),
    };
  }

  const readers = {
    authorization_code: authorizationCode,
    refresh_token: refreshToken,
    on_behalf_of: onBehalfOf,
  };
  return (request) => readers[request.type](request);
}

/**
 * Entra checks the lifetime of an assertion to the second. An API that tolerates clock skew may still accept what this
 * refuses.
 */
async function verifyAssertion(standIn: StandIn, assertion: string, client: Client): Promise<JWTPayload> {
  const claims = await standIn.keys.verify(assertion, client.id).catch((error: unknown) => {
    const claim = error instanceof errors.JWTClaimValidationFailed ? error.claim : undefined;
    if (error instanceof errors.JWTExpired || claim === 'nbf') {
      throw new EntraError('invalid_grant', 500133, 'The assertion is outside its time range.');
    }
    if (claim === 'aud')
      throw new EntraError('invalid_grant', 500131, 'The assertion is for another audience.');
    throw new EntraError('invalid_grant', 50013, 'The assertion or its signature is not valid.');
  });
  if (claims.iss !== issuerOf(standIn, String(claims.tid))) {
    throw new EntraError('invalid_grant', 50013, 'The assertion is of another issuer.');
  }
  if (typeof claims.scp !== 'string') {
    throw new EntraError('invalid_grant', 7000114, 'An app-only token has no user to act for.');
  }
  return claims;
}

const common = (params: URLSearchParams, client: Client) => ({
  client,
  withIdToken: true,
  withClientInfo: params.get('client_info') === '1',
});

function identityAt(tenant: string, user: DemoUser | undefined): Identity {
  if (!user) throw new EntraError('invalid_grant', 50034, 'The user does not exist.');
  const identity = identityIn(tenant, user);
  if (!identity) throw new EntraError('invalid_grant', 50020, 'The user does not exist in this tenant.');
  return identity;
}
