import { useMsal } from '@azure/msal-react';
import { useState } from 'react';
import type { PageConfig } from './pageConfig.ts';

export type SignIn = {
  /** Each leaves the page and comes back to it. */
  signIn: () => void;
  /** @param claims what the directory asked for, as raw JSON */
  signInAgain: (claims?: string) => void;
  signOut: () => void;
  /** Why the last of them did not succeed; undefined if nothing is wrong. */
  error: unknown;
};

/** @param initialError of the sign-in that this page load came back from */
export function useSignIn({ apiScope }: PageConfig, initialError: unknown): SignIn {
  const { instance, accounts } = useMsal();
  const [error, setError] = useState(initialError);
  const scopes = [apiScope];
  const [account] = accounts;
  const leave = (navigation: Promise<void>) => void navigation.catch(setError);
  return {
    signIn: () => leave(instance.loginRedirect({ scopes })),
    signInAgain: (claims) =>
      leave(
        instance.acquireTokenRedirect({
          scopes,
          ...(account === undefined ? {} : { account }),
          ...(claims === undefined ? {} : { claims }),
        }),
      ),
    signOut: () => leave(instance.logoutRedirect({ account: account ?? null })),
    error,
  };
}
