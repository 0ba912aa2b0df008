import type { RedirectRequest } from '@azure/msal-browser';
import { useMsal } from '@azure/msal-react';
import { useEffect, useState } from 'react';
import { defaultScope, type PageConfig } from './pageConfig.ts';
import { forgetAttempts, noteAttempt, readAttempts, takeBackAttempt } from './signInAttempts.ts';
import { type Attempt, nextStep, type Refused, reasonOf, refusedAgain, type Step } from './signInSteps.ts';
import { hearTabs, tellTabs } from './tabs.ts';

export type SignIn = {
  /** Each of these three leaves the page and comes back to it. */
  signIn: () => void;
  /** For what the service or the directory refused: one step further than before. Does nothing after the last one. */
  signInAgain: (refusal: Refused) => void;
  signOut: () => void;
  /** What `signInAgain` would do; undefined when no redirect can help any more. */
  nextStep: (refusal: Refused) => Step | undefined;
  /** Why the last of them did not succeed; undefined if nothing is wrong. */
  error: unknown;
  /** The directory refuses every sign-in in the same way: another one does not help before `until` (epoch ms). */
  stuck: { refusedWith: string; until: number } | undefined;
};

/** What each step adds to the request. An account's name goes along as a hint in all of them. */
const MORE: Record<Step, Partial<RedirectRequest>> = {
  plain: {},
  claims: {},
  login: { prompt: 'login' },
  consent: { prompt: 'consent' },
};

/** @param initialError of the sign-in that this page load came back from */
export function useSignIn(config: PageConfig, initialError: unknown): SignIn {
  const { instance, accounts } = useMsal();
  const [error, setError] = useState(initialError);
  const scopes = [defaultScope(config)];
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
  const leaveFor = (attempt: Omit<Attempt, 'at'>, navigate: () => Promise<void>) => {
    noteAttempt({ ...attempt, at: Date.now() });
    leave(
      navigate().catch((reason: unknown) => {
        takeBackAttempt();
        throw reason;
      }),
    );
  };
  const stepFor = (refusal: Refused) => nextStep(refusal, readAttempts(), Date.now());
  return {
    signIn: () => leaveFor({ reason: 'SIGN_IN', step: 'plain' }, () => instance.loginRedirect({ scopes })),
    signInAgain: (refusal) => {
      const step = stepFor(refusal);
      if (step === undefined) return;
      leaveFor({ reason: reasonOf(refusal), step }, () =>
        instance.acquireTokenRedirect({
          scopes,
          ...(account === undefined ? {} : { account }),
          ...(refusal.claims === undefined ? {} : { claims: refusal.claims }),
          ...MORE[step],
        }),
      );
    },
    signOut: () => {
      // Whoever signs in next has been refused nothing yet.
      forgetAttempts();
      if (homeAccountId !== undefined) tellTabs({ what: 'signed-out', homeAccountId });
      leave(instance.logoutRedirect({ account: account ?? null }));
    },
    nextStep: stepFor,
    error,
    stuck: refusedAgain(readAttempts(), Date.now()),
  };
}
