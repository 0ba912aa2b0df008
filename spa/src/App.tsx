import { InteractionStatus } from '@azure/msal-browser';
import { useIsAuthenticated, useMsal } from '@azure/msal-react';
import { useState } from 'react';
import { useApi } from './api/useApi.ts';
import { SignedIn } from './SignedIn.tsx';
import type { PageConfig } from './session/pageConfig.ts';
import { SignInErrorNotice } from './session/SignInErrorNotice.tsx';
import { useSignIn } from './session/useSignIn.ts';
import { PageHeader } from './ui/PageHeader.tsx';

type AppProps = {
  config: PageConfig;
  /** True if a sign-in that succeeded led to this page load. */
  cameBack: boolean;
  /** The error of the sign-in that led to this page load; undefined if it succeeded or there was none. */
  signInError: unknown;
};

export function App({ config, cameBack, signInError }: AppProps) {
  const [cameBackAt] = useState(cameBack ? Date.now() : undefined);
  const { inProgress } = useMsal();
  const signedIn = useIsAuthenticated();
  const signIn = useSignIn(config, signInError);
  const api = useApi(config);
  const settled = inProgress === InteractionStatus.None;
  return (
    <>
      <PageHeader>
        {settled && signedIn && (
          <button type="button" className="secondary outline" onClick={signIn.signOut}>
            Sign out
          </button>
        )}
      </PageHeader>
      <main className="container">
        {config.localDemo && <p className="banner">Local demo: no real account</p>}
        <SignInErrorNotice config={config} signIn={signIn} signedIn={signedIn} settled={settled} />
        {!settled && <p role="status">One moment…</p>}
        {settled && !signedIn && !signIn.stuck && <Welcome signIn={signIn.signIn} />}
        {settled && signedIn && api && <SignedIn api={api} signIn={signIn} cameBackAt={cameBackAt} />}
      </main>
    </>
  );
}

function Welcome({ signIn }: { signIn: () => void }) {
  return (
    <article className="welcome">
      <h2>Sign in once, then go</h2>
      <p>
        Stead reads your profile from Microsoft Graph, keeps your tokens encrypted, and goes on working for
        you after you have closed this page.
      </p>
      <button type="button" onClick={signIn}>
        Sign in
      </button>
    </article>
  );
}
