import type { AccountInfo } from '@azure/msal-browser';
import { useMsal } from '@azure/msal-react';
import { createConnection, type PageConnection } from '@stead/shared/browser';
import { useMemo } from 'react';
import type { PageConfig } from '../session/pageConfig.ts';
import { bridgeUri } from '../session/startMsal.ts';

/** The service that the page calls, and as which account. */
export type Api = { service: PageConnection; account: AccountInfo; config: PageConfig };

/** The API with the account that is signed in in this tab; undefined while there is none. */
export function useApi(config: PageConfig): Api | undefined {
  const { instance, accounts } = useMsal();
  const [account] = accounts;
  // biome-ignore lint/correctness/useExhaustiveDependencies: MSAL makes new objects for the same account
  return useMemo(() => {
    if (account === undefined) return undefined;
    const { apiBaseUrl, apiScope } = config;
    const redirectUri = bridgeUri();
    const service = createConnection({ apiBaseUrl, apiScope, msal: instance, account, redirectUri });
    return { service, account, config };
  }, [instance, account?.homeAccountId, config]);
}
