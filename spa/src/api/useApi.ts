import type { AccountInfo, IPublicClientApplication } from '@azure/msal-browser';
import { useMsal } from '@azure/msal-react';
import { useMemo } from 'react';
import type { PageConfig } from '../session/pageConfig.ts';

/** Which service the page calls, and as which account. */
export type Api = { msal: IPublicClientApplication; account: AccountInfo; config: PageConfig };

/** The API with the account that is signed in in this tab; undefined while there is none. */
export function useApi(config: PageConfig): Api | undefined {
  const { instance, accounts } = useMsal();
  const [account] = accounts;
  // biome-ignore lint/correctness/useExhaustiveDependencies: MSAL makes new objects for the same account
  return useMemo(
    () => (account === undefined ? undefined : { msal: instance, account, config }),
    [instance, account?.homeAccountId, config],
  );
}
