import { systemClock } from '../../shared/clock.ts';
import { cloudOfGraph, PUBLIC_CLOUD } from '../../shared/clouds.ts';
import { connectGraph, type Graph } from './graphClient.ts';
import { readGraphToken } from './graphToken.ts';

/**
 * Connects to Microsoft Graph with the token of the environment or of the Azure CLI.
 * @param graph the origin of Microsoft Graph
 * @param pausesMs the pauses before further tries; default: a minute and a half in all
 * @throws {PlainError} there is no token.
 */
export async function openGraph(
  graph: string,
  tenantId: string | undefined,
  tell: (line: string) => void,
  pausesMs?: readonly number[],
): Promise<Graph> {
  const token = await readGraphToken(process.env, cloudOfGraph(new URL(graph)) ?? PUBLIC_CLOUD, tenantId);
  return connectGraph({ graph, token, fetch, clock: systemClock, tell, ...(pausesMs && { pausesMs }) });
}
