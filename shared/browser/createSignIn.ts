import { readAttempts, recordAttempt, removeLastAttempt } from './signInAttempts.ts';
import { type Attempt, nextStep, type Refused, reasonOf, refusedAgain, type Step } from './signInSteps.ts';

/** What is used of a `PublicClientApplication` of `@azure/msal-browser`. */
export type RedirectingMsal<Account> = {
  loginRedirect(request: { scopes: string[] }): Promise<void>;
  acquireTokenRedirect(request: {
    scopes: string[];
    account?: Account;
    claims?: string;
    prompt?: string;
  }): Promise<void>;
};

/** What each step adds to the request. */
const STEP_REQUEST: Record<Step, { prompt?: string }> = {
  plain: {},
  claims: {},
  login: { prompt: 'login' },
  consent: { prompt: 'consent' },
};

/**
 * The scope to sign in with: everything that is registered for the API, and for whatever the API calls on the person's
 * behalf. Only for this does the directory show one consent page for both
 * (https://learn.microsoft.com/entra/identity-platform/v2-oauth2-on-behalf-of-flow, "default and combined consent").
 */
export const defaultScope = (apiScope: string): string => apiScope.replace(/[^/]*$/, '.default');

export type SignInSteps = ReturnType<typeof createSignIn>;

/**
 * Redirects to the directory that cannot loop: each is remembered for five minutes in this tab, the next one for the same
 * refusal demands more, and then there is none. Call `recordRefusal` of `signInAttempts` if MSAL's
 * `handleRedirectPromise` rejects with an error of the directory.
 * @param options.apiScope such as `api://<client id of the API>/access_as_user`
 */
export function createSignIn<Account>(options: { msal: RedirectingMsal<Account>; apiScope: string }) {
  const { msal } = options;
  const scopes = [defaultScope(options.apiScope)];
  const stepFor = (refusal: Refused): Step | undefined => nextStep(refusal, readAttempts(), Date.now());

  async function leaveFor(attempt: Omit<Attempt, 'at'>, navigate: () => Promise<void>): Promise<void> {
    recordAttempt({ ...attempt, at: Date.now() });
    try {
      await navigate();
    } catch (error) {
      removeLastAttempt();
      throw error;
    }
  }

  return {
    /** Leaves the page for the directory. @throws the errors of MSAL */
    signIn: (): Promise<void> =>
      leaveFor({ reason: 'SIGN_IN', step: 'plain' }, () => msal.loginRedirect({ scopes })),
    /** The step that `repair` would take; undefined if no further redirect can help. */
    nextStep: stepFor,
    /**
     * Leaves the page for the directory, to repair a refusal.
     * @returns false if no further redirect can help, so that an administrator has to. With a `link` in the refusal, a link can
     * @throws the errors of MSAL
     */
    async repair(refusal: Refused, account?: Account): Promise<boolean> {
      const step = stepFor(refusal);
      if (step === undefined) return false;
      const { path } = refusal;
      await leaveFor({ reason: reasonOf(refusal), step, ...(path === undefined ? {} : { path }) }, () =>
        msal.acquireTokenRedirect({
          scopes,
          ...(account === undefined ? {} : { account }),
          ...(refusal.claims === undefined ? {} : { claims: refusal.claims }),
          ...STEP_REQUEST[step],
        }),
      );
      return true;
    },
    /** Set if the directory refuses each sign-in in the same way. Another one is offered from `until` (epoch ms). */
    stuck: () => refusedAgain(readAttempts(), Date.now()),
  };
}
