import { useMsal } from '@azure/msal-react';
import { createSignIn } from '@stead/shared/browser/signIn';
import { clearAttempts } from '@stead/shared/browser/signInAttempts';
import type { Refused, Step } from '@stead/shared/browser/signInSteps';
import { useEffect, useMemo, useState } from 'react';
import { forgetLinkInVain } from './linkInVain.ts';
import type { PageConfig } from './pageConfig.ts';
import { hearTabs, tellTabs } from './tabs.ts';
import { forgetVisit } from './visit.ts';

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

/** @param initialError the error of the sign-in that led to this page load; undefined if there was none */
export function useSignIn(config: PageConfig, initialError: unknown): SignIn {
  const { instance, accounts } = useMsal();
  const [error, setError] = useState(initialError);
  const { apiScope } = config;
  const steps = useMemo(() => createSignIn({ msal: instance, apiScope }), [instance, apiScope]);
  const [account] = accounts;
  const homeAccountId = account?.homeAccountId;
  // A sign-out in one tab ends the directory's session for all tabs, so this tab deletes its own tokens too.
  useEffect(
    () =>
      hearTabs((message) => {
        if (message.what !== 'signed-out' || message.homeAccountId !== homeAccountId) return;
        forgetVisit();
        void instance.clearCache().finally(() => location.reload());
      }),
    [instance, homeAccountId],
  );
  const leave = (navigation: Promise<unknown>) => void navigation.catch(setError);
  return {
    signIn: () => leave(steps.signIn()),
    signInAgain: (refusal) => leave(steps.repair(refusal, account)),
    signOut: () => {
      // The next person starts with the first step.
      clearAttempts();
      forgetLinkInVain();
      forgetVisit();
      if (homeAccountId !== undefined) tellTabs({ what: 'signed-out', homeAccountId });
      leave(instance.logoutRedirect({ account: account ?? null }));
    },
    nextStep: steps.nextStep,
    error,
    stuck: steps.stuck(),
  };
}
