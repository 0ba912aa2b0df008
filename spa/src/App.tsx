import { InteractionStatus } from '@azure/msal-browser';
import { useIsAuthenticated, useMsal } from '@azure/msal-react';
import { useState } from 'react';
import { useApi } from './api/useApi.ts';
import { LinkNotice } from './connection/LinkNotice.tsx';
import { SignedIn } from './SignedIn.tsx';
import type { LinkResult } from './session/linkResult.ts';
import type { PageConfig } from './session/pageConfig.ts';
import { SignInErrorNotice } from './session/SignInErrorNotice.tsx';
import { useSignIn } from './session/useSignIn.ts';
import { Welcome } from './session/Welcome.tsx';
import { PageHeader } from './ui/PageHeader.tsx';
import { useWords } from './words/speech.tsx';

type AppProps = {
  config: PageConfig;
  /** True if a sign-in that succeeded led to this page load. */
  cameBack: boolean;
  /** True if that, or a link, repaired a refusal. */
  repaired: boolean;
  /** The error of the sign-in that led to this page load; undefined if it succeeded or there was none. */
  signInError?: unknown;
  /** What came of the link that led to this page load, if one did. */
  linkResult: LinkResult | undefined;
};

export function App({ config, cameBack, repaired, signInError, linkResult }: AppProps) {
  const words = useWords();
  // A consent of either way takes a while to reach the whole directory.
  const [cameBackAt] = useState(cameBack || linkResult === 'linked' ? Date.now() : undefined);
  const { inProgress } = useMsal();
  const signedIn = useIsAuthenticated();
  const signIn = useSignIn(config, signInError);
  const api = useApi(config);
  const settled = inProgress === InteractionStatus.None;
  return (
    <>
      <PageHeader appName={config.appName} logo={config.logo}>
        {settled && signedIn && (
          <button type="button" className="secondary outline" onClick={signIn.signOut}>
            {words.signOut}
          </button>
        )}
      </PageHeader>
      <main className="container">
        {config.localDemo && <p className="banner">{words.localDemo}</p>}
        {linkResult !== undefined && linkResult !== 'linked' && <LinkNotice result={linkResult} />}
        <SignInErrorNotice config={config} signIn={signIn} signedIn={signedIn} settled={settled} />
        {!settled && <p role="status">{words.oneMoment}</p>}
        {settled && !signedIn && !signIn.stuck && <Welcome signIn={signIn.signIn} />}
        {settled && signedIn && api && (
          <SignedIn
            api={api}
            signIn={signIn}
            cameBackAt={cameBackAt}
            cameBackRepaired={repaired}
            linkResult={linkResult}
          />
        )}
      </main>
    </>
  );
}
