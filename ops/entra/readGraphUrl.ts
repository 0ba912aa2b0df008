import { CLOUDS, type Cloud, PUBLIC_CLOUD } from '../../shared/clouds.ts';
import { isLoopback } from '../../shared/isLoopback.ts';
import { UsageError } from '../cli/errors.ts';

/**
 * Reads the address of Microsoft Graph. It may be one of Microsoft's clouds, or an address on this machine, which counts as
 * the public cloud. The token of an administrator is sent to no other address.
 * @throws {UsageError}
 */
export function readGraphUrl(text: string): { graph: string; cloud: Cloud } {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const cloud =
    url &&
    (CLOUDS.find(({ graph }) => graph.includes(url.origin)) ?? (isLoopback(url) ? PUBLIC_CLOUD : undefined));
  if (url === undefined || cloud === undefined || url.pathname !== '/' || url.search !== '') {
    const all = CLOUDS.flatMap(({ graph }) => graph).join(', ');
    throw new UsageError(`--graph-url takes an origin of Microsoft Graph: ${all}, or one on this machine.`);
  }
  return { graph: url.origin, cloud };
}
