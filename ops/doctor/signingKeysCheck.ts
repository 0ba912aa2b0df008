import { jwksUriOf } from '../../shared/createServices.ts';
import { type Answered, isUnknownTenant, statusOf } from './askJson.ts';
import { type Check, type Line, ok, unreachable, withoutSettings, wrong } from './check.ts';
import { SHOW_TENANT, showAnswer } from './commands.ts';

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
    const read = async (url: string) => kidsIn(url, await ask(url));
    const own = await read(`${authority}/${tenantId}/discovery/v2.0/keys?appid=${clientId}`);
    const common = await read(jwksUriOf(config));
    if ('line' in common) return [common.line];
    if (common.kids.length === 0) {
      return [
        wrong('The authority publishes no key for RS256.', {
          remedy: 'Correct ENTRA_AUTHORITY.',
          command: showAnswer(jwksUriOf(config)),
        }),
      ];
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

function kidsIn(url: string, answer: Answered): { kids: string[] } | { line: Line } {
  if (isUnknownTenant(answer)) {
    return {
      line: wrong('Entra has no tenant with the id of ENTRA_TENANT_ID, so it has no signing keys.', {
        remedy: 'Correct ENTRA_TENANT_ID or ENTRA_AUTHORITY.',
        command: SHOW_TENANT,
      }),
    };
  }
  const keys = 'json' in answer && answer.status === 200 ? answer.json.keys : undefined;
  if (!Array.isArray(keys)) return { line: noKeys(url, answer) };
  return {
    kids: keys.flatMap(({ kty, kid }) => (kty === 'RSA' && typeof kid === 'string' ? [kid] : [])),
  };
}

/** A proxy may answer with any status, so only the keys themselves say something. */
const noKeys = (url: string, answer: Answered): Line =>
  unreachable(`The signing keys cannot be fetched (${statusOf(answer)}).`, {
    remedy:
      'Until the app can fetch them, it answers every access token with 503. Check the network of this machine and its proxy, and run this command again.',
    command: showAnswer(url),
  });
