import { useMsal } from '@azure/msal-react';
import { useMemo } from 'react';
import type { Api } from './callApi.ts';
import type { PageConfig } from './pageConfig.ts';

/** The API as whoever is signed in in this tab; undefined while nobody is. */
export function useApi(config: PageConfig): Api | undefined {
  const { instance, accounts } = useMsal();
  const [account] = accounts;
  // biome-ignore lint/correctness/useExhaustiveDependencies: MSAL makes new objects of the same account
  return useMemo(
    () => (account === undefined ? undefined : { msal: instance, account, config }),
    [instance, account?.homeAccountId, config],
  );
}
