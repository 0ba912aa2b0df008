import { createHash, X509Certificate } from 'node:crypto';
import { isRecord } from '../../shared/isRecord.ts';
import { type Check, type Line, ok, skipped, warn, withoutSettings, wrong } from './check.ts';
import { newCertificate, newSecret } from './commands.ts';
import type { Deployment } from './deployment.ts';
import { lineOfEnd } from './lineOfEnd.ts';
import { isLine, lineOfFailure, type Registration } from './registration.ts';

/** When the secret or the certificate of the settings ends in the registration, and which secrets there have ended. */
export const registeredCredentialsCheck: Check = {
  name: 'credential expiry',
  async run(deployment) {
    if (!deployment.isUsable('credential')) return [withoutSettings('the credential')];
    if (deployment.config.entra.credential.kind === 'managed-identity') {
      return [ok('A managed identity has nothing that expires.')];
    }
    const read = await deployment.registration();
    if (isLine(read)) return [read];
    try {
      return await linesOf(read, deployment);
    } catch (error) {
      return [lineOfFailure(error)];
    }
  },
};

async function linesOf({ graph }: Registration, deployment: Deployment): Promise<Line[]> {
  const { entra } = deployment.config;
  const path = `/applications(appId='${entra.clientId}')?$select=passwordCredentials,keyCredentials`;
  const application = (await graph.read(path)) ?? {};
  switch (entra.credential.kind) {
    case 'secret':
      return ofSecrets(recordsIn(application.passwordCredentials), entra.credential.secret, deployment);
    case 'certificate':
      return ofCertificates(
        recordsIn(application.keyCredentials),
        entra.credential.certificate.chain,
        deployment,
      );
    case 'managed-identity':
      return [];
    default:
      return entra.credential satisfies never;
  }
}

const recordsIn = (list: unknown): Record<string, unknown>[] =>
  Array.isArray(list) ? list.filter(isRecord) : [];

/** Graph tells of a secret only its first three characters. Several secrets may have the same ones, so the last counts. */
function ofSecrets(all: Record<string, unknown>[], secret: string, { config, clock }: Deployment): Line[] {
  const command = newSecret(config.entra.clientId);
  const ends = all
    .filter(({ hint }) => typeof hint === 'string' && hint !== '' && secret.startsWith(hint))
    .map(endOf)
    .sort((one, other) => other.getTime() - one.getTime());
  const [last] = ends;
  if (last === undefined) {
    return [
      wrong('No client secret of the registration begins as ENTRA_CLIENT_SECRET does.', {
        remedy: 'Give the value of one, or create another one.',
        command,
      }),
    ];
  }
  return [
    lineOfEnd('The client secret', last, clock.now(), command),
    ...linesOfExpired(all, config.entra.clientId, clock.now()),
  ];
}

function ofCertificates(
  all: Record<string, unknown>[],
  chain: string,
  { config, clock }: Deployment,
): Line[] {
  const { clientId } = config.entra;
  const command = newCertificate(clientId);
  const thumbprint = createHash('sha1').update(new X509Certificate(chain).raw).digest();
  const found = all.find(({ customKeyIdentifier: id }) => isThumbprint(id, thumbprint));
  if (found !== undefined)
    return [lineOfEnd('The certificate in the registration', endOf(found), clock.now(), command)];
  if (all.length === 0) {
    return [wrong('The registration has no certificate.', { remedy: 'Add it, without its key.', command })];
  }
  // Whoever adds a certificate may give it another identifier than its thumbprint.
  return [
    skipped(
      'No certificate of the registration has the thumbprint of ENTRA_CLIENT_CERTIFICATE as its identifier.',
      { remedy: 'The line "credential" says whether Entra accepts it.' },
    ),
  ];
}

/** Graph has it as base64, or as base64 of the hexadecimal text that the portal shows. */
function isThumbprint(id: unknown, thumbprint: Buffer): boolean {
  if (typeof id !== 'string') return false;
  const hex = thumbprint.toString('hex').toUpperCase();
  return [thumbprint.toString('base64'), Buffer.from(hex).toString('base64'), hex].includes(id);
}

const endOf = ({ endDateTime }: Record<string, unknown>): Date => {
  const end = new Date(String(endDateTime));
  return Number.isNaN(end.getTime()) ? new Date(8_640_000_000_000_000) : end;
};

/** Secrets that have expired are of no use, and hide the ones that are. */
function linesOfExpired(all: Record<string, unknown>[], clientId: string, now: Date): Line[] {
  const expired = all.filter((one) => endOf(one) <= now).length;
  if (expired === 0) return [];
  return [
    warn(`${expired} client secrets of the registration have expired.`, {
      command: `az ad app credential delete --id ${clientId} --key-id <key id>`,
    }),
  ];
}
