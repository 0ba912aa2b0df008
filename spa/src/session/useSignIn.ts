import type { RedirectRequest } from '@azure/msal-browser';
import { useMsal } from '@azure/msal-react';
import { useEffect, useState } from 'react';
import { defaultScope, type PageConfig } from './pageConfig.ts';
import { clearAttempts, readAttempts, recordAttempt, removeLastAttempt } from './signInAttempts.ts';
import { type Attempt, nextStep, type Refused, reasonOf, refusedAgain, type Step } from './signInSteps.ts';
import { hearTabs, tellTabs } from './tabs.ts';

export type SignIn = {
  /** `signIn`, `signInAgain` and `signOut` leave the page for the directory, which leads back to it. */
  signIn: () => void;
  /** Takes the next step to repair a refusal. Does nothing if there is no further step. */
  signInAgain: (refusal: Refused) => void;
  signOut: () => void;
  /** The step that `signInAgain` would take; undefined if no further redirect can help. */
  nextStep: (refusal: Refused) => Step | undefined;
  /** Why the last `signIn`, `signInAgain` or `signOut` failed; undefined if none did. */
  error: unknown;
  /** Set if the directory refuses each sign-in in the same way. Another one is offered from `until` (epoch ms). */
  stuck: { refusedWith: string; until: number } | undefined;
};

/** What each step adds to the request. */
const STEP_REQUEST: Record<Step, Partial<RedirectRequest>> = {
  plain: {},
  claims: {},
  login: { prompt: 'login' },
  consent: { prompt: 'consent' },
};

/** @param initialError the error of the sign-in that led to this page load; undefined if there was none */
export function useSignIn(config: PageConfig, initialError: unknown): SignIn {
  const { instance, accounts } = useMsal();
  const [error, setError] = useState(initialError);
  const scopes = [defaultScope(config)];
  const [account] = accounts;
  const homeAccountId = account?.homeAccountId;
  // A sign-out in one tab ends the directory's session for all tabs, so this tab deletes its own tokens too.
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
    recordAttempt({ ...attempt, at: Date.now() });
    leave(
      navigate().catch((reason: unknown) => {
        removeLastAttempt();
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
          ...STEP_REQUEST[step],
        }),
      );
    },
    signOut: () => {
      // The next person starts with the first step.
      clearAttempts();
      if (homeAccountId !== undefined) tellTabs({ what: 'signed-out', homeAccountId });
      leave(instance.logoutRedirect({ account: account ?? null }));
    },
    nextStep: stepFor,
    error,
    stuck: refusedAgain(readAttempts(), Date.now()),
  };
}
