import { useMsal } from '@azure/msal-react';
import { useEffect, useState } from 'react';
import type { Refusal } from './callApi.ts';
import type { PageConfig } from './pageConfig.ts';
import { hearTabs, tellTabs } from './tabs.ts';

export type SignInRefusal = Extract<Refusal, { state: 'sign-in' }>;

export type SignIn = {
  /** Each leaves the page and comes back to it. */
  signIn: () => void;
  /** For what the service or the directory refused. */
  signInAgain: (refusal: SignInRefusal) => void;
  signOut: () => void;
  /** Why the last of them did not succeed; undefined if nothing is wrong. */
  error: unknown;
};

/** @param initialError of the sign-in that this page load came back from */
export function useSignIn({ apiScope }: PageConfig, initialError: unknown): SignIn {
  const { instance, accounts } = useMsal();
  const [error, setError] = useState(initialError);
  // Interactive requests ask for all that is registered: this alone lets the directory ask for the API's permissions too.
  const scopes = [apiScope.replace(/[^/]*$/, '.default')];
  const [account] = accounts;
  const homeAccountId = account?.homeAccountId;
  // The directory's session is over for all tabs; what this one still keeps of it goes too.
  useEffect(
    () =>
      hearTabs((message) => {
        if (message.what !== 'signed-out' || message.homeAccountId !== homeAccountId) return;
        void instance.clearCache().finally(() => location.reload());
      }),
    [instance, homeAccountId],
  );
  const leave = (navigation: Promise<void>) => void navigation.catch(setError);
  return {
    signIn: () => leave(instance.loginRedirect({ scopes })),
    signInAgain: ({ code, claims }) =>
      leave(
        instance.acquireTokenRedirect({
          scopes,
          ...(account === undefined ? {} : { account }),
          ...(claims === undefined ? {} : { claims }),
          // Without a challenge the directory would answer with the very sign-in that is not enough.
          ...((code === 'SIGN_IN_REQUIRED' || code === 'CONSENT_REQUIRED') && claims === undefined
            ? { prompt: 'login' }
            : {}),
        }),
      ),
    signOut: () => {
      if (homeAccountId !== undefined) tellTabs({ what: 'signed-out', homeAccountId });
      leave(instance.logoutRedirect({ account: account ?? null }));
    },
    error,
  };
}
