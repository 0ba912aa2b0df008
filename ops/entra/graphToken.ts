import { type Cloud, PUBLIC_CLOUD } from '../../shared/clouds.ts';
import { PlainError } from '../cli/errors.ts';
import { readObject } from '../cli/readObject.ts';
import { AZ_TIMEOUT_MS, isAzMissing, runAz } from '../cli/runAz.ts';

/**
 * Gets an access token for Microsoft Graph from the environment, or else from the Azure CLI. It is never part of a message,
 * and nor is what `az` says, because that may hold a token or a person's name.
 * @param cloud the cloud of Microsoft Graph
 * @param tenantId the tenant that the Azure CLI is asked for; its current one if undefined
 * @throws {PlainError} there is none, and why
 */
export async function readGraphToken(
  environment: Readonly<Record<string, string | undefined>>,
  cloud: Cloud,
  tenantId: string | undefined,
): Promise<string> {
  const given = environment.GRAPH_TOKEN?.trim();
  if (given) {
    if (!/^[\x21-\x7e]+$/.test(given)) throw new PlainError('GRAPH_TOKEN holds no access token.');
    return given;
  }
  const tenant = tenantId === undefined ? [] : ['--tenant', tenantId];
  const answer = await runAz([
    'account',
    'get-access-token',
    '--resource-type',
    'ms-graph',
    '--output',
    'json',
    ...tenant,
  ]);
  if (isAzMissing(answer)) {
    throw new PlainError(
      'The Azure CLI (az) is not installed. Install it and run "az login", or set GRAPH_TOKEN to an access token for Microsoft Graph.',
    );
  }
  if (answer.failed?.killed) {
    throw new PlainError(`The Azure CLI gave no answer within ${AZ_TIMEOUT_MS / 1_000} s. Try again.`);
  }
  if (answer.failed !== undefined) {
    const login = `"${['az', 'login', ...tenant].join(' ')}"`;
    const steps = cloud === PUBLIC_CLOUD ? login : `"az cloud set --name ${cloud.azureName}" and ${login}`;
    throw new PlainError(
      `The Azure CLI gave no token for Microsoft Graph. Run ${steps} and try again. "az account get-access-token --resource-type ms-graph" says why.`,
    );
  }
  const { accessToken } = readObject(answer.stdout);
  if (typeof accessToken === 'string' && accessToken !== '') return accessToken;
  throw new PlainError('The Azure CLI answered without an access token.');
}
