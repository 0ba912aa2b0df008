import { ConfidentialClientApplication } from '@azure/msal-node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readClaims } from '../../../../../shared/tokens/challenge.ts';

const AUTHORITY = 'https://localhost/a0000000-0000-4000-8000-00000000000a';

/** What MSAL sends as `claims` when it exchanges a token with this challenge. */
async function claimsSentFor(claims: string): Promise<unknown> {
  let sent: unknown;
  const client = new ConfidentialClientApplication({
    auth: {
      clientId: 'd0000000-0000-4000-8000-00000000000d',
      clientSecret: 'not a secret',
      clientCapabilities: ['CP1'],
      authority: AUTHORITY,
      knownAuthorities: ['localhost'],
      authorityMetadata: JSON.stringify({
        issuer: `${AUTHORITY}/v2.0`,
        authorization_endpoint: `${AUTHORITY}/authorize`,
        token_endpoint: `${AUTHORITY}/token`,
        end_session_endpoint: `${AUTHORITY}/logout`,
        jwks_uri: `${AUTHORITY}/keys`,
      }),
    },
    system: {
      networkClient: {
        sendGetRequestAsync: () => Promise.reject(new Error('nothing is asked for by GET')),
        sendPostRequestAsync: <T>(_url: string, options?: { body?: string }) => {
          sent = JSON.parse(new URLSearchParams(options?.body).get('claims') ?? 'null');
          return Promise.resolve({ headers: {}, status: 400, body: { error: 'invalid_grant' } as T });
        },
      },
    },
  });
  const request = { oboAssertion: 'an assertion', scopes: ['User.Read'], skipCache: true, claims };
  await expect(client.acquireTokenOnBehalfOf(request)).rejects.toMatchObject({ errorCode: 'invalid_grant' });
  return sent;
}

describe('claims that readClaims gives', () => {
  it('are such that MSAL sends them, whatever they say', async () => {
    const section = fc.oneof(
      fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 1 })),
      fc.jsonValue({ maxDepth: 1 }),
    );
    const member = fc.constantFrom('access_token', 'id_token', 'userinfo', 'toString', 'hasOwnProperty', 'a');
    let passed = 0;
    await fc.assert(
      fc.asyncProperty(fc.dictionary(member, section), async (value) => {
        const claims = readClaims(JSON.stringify(value));
        if (claims === undefined) return;
        passed += 1;
        expect(await claimsSentFor(claims)).toMatchObject({
          ...JSON.parse(claims),
          access_token: { ...JSON.parse(claims).access_token, xms_cc: { values: ['CP1'] } },
        });
      }),
    );
    expect(passed).toBeGreaterThan(10);
  });
});
