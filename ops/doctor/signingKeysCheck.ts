import { jwksUriOf } from '../../shared/stead.ts';
import { type Answered, isOutage } from './askJson.ts';
import { type Check, type Line, ok, unreachable, withoutSettings, wrong } from './check.ts';

/**
 * The keys with which the API verifies access tokens, and whether the application has keys of its own. Entra does not
 * exchange a token that is signed with such a key
 * (https://learn.microsoft.com/entra/identity-platform/v2-oauth2-on-behalf-of-flow#client-limitations).
 */
export const signingKeysCheck: Check = {
  name: 'signing keys',
  async run({ config, isUsable, ask }) {
    if (!isUsable('tenant', 'api')) return [withoutSettings('the tenant and the API')];
    const { authority, tenantId, clientId } = config.entra;
    const own = kidsIn(await ask(`${authority}/${tenantId}/discovery/v2.0/keys?appid=${clientId}`));
    const common = kidsIn(await ask(jwksUriOf(config)));
    if ('line' in common) return [common.line];
    if (common.kids.length === 0) {
      return [wrong('The authority publishes no key for RS256.', { remedy: 'Correct ENTRA_AUTHORITY.' })];
    }
    if ('line' in own) return [own.line];
    if (own.kids.some((kid) => !common.kids.includes(kid))) {
      return [
        wrong('The API has a signing key of its own, so Entra exchanges none of its access tokens.', {
          remedy:
            'Remove the claims mapping policy and the token signing certificate from the enterprise application of the API.',
          command: `az ad sp show --id ${clientId} --query "{key: preferredTokenSigningKeyThumbprint, keys: keyCredentials[].usage}"`,
        }),
      ];
    }
    return [ok(`${common.kids.length} keys are published, and the API has none of its own.`)];
  },
};

function kidsIn(answer: Answered): { kids: string[] } | { line: Line } {
  if ('noAnswer' in answer) return { line: noKeys(answer.noAnswer) };
  if (isOutage(answer.status)) return { line: noKeys(String(answer.status)) };
  if (answer.status !== 200) {
    return {
      line: wrong(`The signing keys cannot be read (${answer.status}).`, {
        remedy: 'Correct ENTRA_TENANT_ID or ENTRA_AUTHORITY.',
      }),
    };
  }
  const { keys } = answer.json;
  const kids = (Array.isArray(keys) ? keys : []).flatMap(({ kty, kid }) =>
    kty === 'RSA' && typeof kid === 'string' ? [kid] : [],
  );
  return { kids };
}

const noKeys = (why: string): Line =>
  unreachable(`The signing keys cannot be fetched (${why}).`, {
    remedy: 'Until they can be, every access token is answered 503. Check the network of this machine.',
  });
