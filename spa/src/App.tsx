import { InteractionStatus } from '@azure/msal-browser';
import { useIsAuthenticated, useMsal } from '@azure/msal-react';
import { Notice } from './Notice.tsx';
import { PageHeader } from './PageHeader.tsx';
import type { PageConfig } from './pageConfig.ts';
import { SignedIn } from './SignedIn.tsx';
import { signInReference, signInText } from './signInText.ts';
import { useApi } from './useApi.ts';
import { useSignIn } from './useSignIn.ts';
import { Welcome } from './Welcome.tsx';

type AppProps = { config: PageConfig; signInError: unknown };

export function App({ config, signInError }: AppProps) {
  const { inProgress } = useMsal();
  const signedIn = useIsAuthenticated();
  const { signIn, signInAgain, signOut, error } = useSignIn(config, signInError);
  const api = useApi(config);
  const settled = inProgress === InteractionStatus.None;
  return (
    <>
      <PageHeader>
        {settled && signedIn && (
          <button type="button" className="secondary outline" onClick={signOut}>
            Sign out
          </button>
        )}
      </PageHeader>
      <main className="container">
        {config.localDemo && <p className="banner">Local demo: no real account</p>}
        {error !== undefined && (
          <Notice title="You were not signed in" reference={signInReference(error)}>
            {signInText(error)}
          </Notice>
        )}
        {!settled && <p role="status">One moment…</p>}
        {settled && !signedIn && <Welcome signIn={signIn} />}
        {settled && signedIn && api && <SignedIn api={api} signInAgain={signInAgain} />}
      </main>
    </>
  );
}
