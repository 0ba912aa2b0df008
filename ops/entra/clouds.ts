import { isLoopback } from '../../shared/isLoopback.ts';
import { UsageError } from '../cli/errors.ts';

/** What differs between Microsoft's clouds. An application and its tenant are in one of them. */
export type Cloud = {
  /** The origin of Entra, which its tokens name as their issuer. */
  authority: string;
  /** The audience of the tokens of a managed identity that an application takes as its credential. */
  exchangeAudience: string;
};

export const PUBLIC_CLOUD: Cloud = {
  authority: 'https://login.microsoftonline.com',
  exchangeAudience: 'api://AzureADTokenExchange',
};
const US_GOVERNMENT: Cloud = {
  authority: 'https://login.microsoftonline.us',
  exchangeAudience: 'api://AzureADTokenExchangeUSGov',
};
const CHINA: Cloud = {
  authority: 'https://login.partner.microsoftonline.cn',
  exchangeAudience: 'api://AzureADTokenExchangeChina',
};

/** By the origin of Microsoft Graph (https://learn.microsoft.com/graph/deployments). */
const CLOUDS: Readonly<Record<string, Cloud>> = {
  'https://graph.microsoft.com': PUBLIC_CLOUD,
  'https://graph.microsoft.us': US_GOVERNMENT,
  'https://dod-graph.microsoft.us': US_GOVERNMENT,
  'https://microsoftgraph.chinacloudapi.cn': CHINA,
};

/**
 * Reads the address of Microsoft Graph. It may be one of Microsoft's clouds, or an address on this machine, which counts as
 * the public cloud. The token of an administrator is sent to no other address.
 * @throws {UsageError}
 */
export function readGraphUrl(text: string): { graph: string; cloud: Cloud } {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const cloud = url && (CLOUDS[url.origin] ?? (isLoopback(url) ? PUBLIC_CLOUD : undefined));
  if (url === undefined || cloud === undefined || url.pathname !== '/' || url.search !== '') {
    throw new UsageError(
      `--graph-url takes an origin of Microsoft Graph: ${Object.keys(CLOUDS).join(', ')}, or one on this machine.`,
    );
  }
  return { graph: url.origin, cloud };
}
