import { constants, sign } from 'node:crypto';
import type { Clock } from '../../../shared/clock.ts';
import type { Config } from '../../../shared/config.ts';
import { PlainError } from '../../cli/errors.ts';

const LIFETIME_S = 300;

/**
 * The parameters by which the API proves itself in one request: its secret, or an assertion that its certificate signs
 * (https://learn.microsoft.com/entra/identity-platform/certificate-credentials).
 * @throws {PlainError} the credential is a managed identity, which this machine does not have.
 */
export function clientProof(
  { clientId, credential }: Config['entra'],
  tokenEndpoint: string,
  clock: Clock,
): Record<string, string> {
  switch (credential.kind) {
    case 'secret':
      return { client_id: clientId, client_secret: credential.secret };
    case 'certificate': {
      const { thumbprintSha256, privateKey: key } = credential.certificate;
      const now = Math.floor(clock.now().getTime() / 1_000);
      const header = {
        alg: 'PS256',
        typ: 'JWT',
        'x5t#S256': Buffer.from(thumbprintSha256, 'hex').toString('base64url'),
      };
      const claims = {
        ...{ aud: tokenEndpoint, iss: clientId, sub: clientId },
        ...{ jti: clock.newId(), nbf: now, iat: now, exp: now + LIFETIME_S },
      };
      const content = [header, claims]
        .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
        .join('.');
      const padding = {
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
      };
      const signature = sign('sha256', Buffer.from(content), { key, ...padding }).toString('base64url');
      return {
        client_id: clientId,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: `${content}.${signature}`,
      };
    }
    case 'managed-identity':
      throw new PlainError(
        'The credential of the API is a managed identity, and only an app in Azure has it. For the probe give ENTRA_CLIENT_SECRET or ENTRA_CLIENT_CERTIFICATE, and leave out ENTRA_MANAGED_IDENTITY_CLIENT_ID.',
      );
    default:
      return credential satisfies never;
  }
}
