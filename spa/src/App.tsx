import { InteractionStatus } from '@azure/msal-browser';
import { useIsAuthenticated, useMsal } from '@azure/msal-react';
import { useState } from 'react';
import { AdminLink } from './AdminLink.tsx';
import { Notice } from './Notice.tsx';
import { PageHeader } from './PageHeader.tsx';
import type { PageConfig } from './pageConfig.ts';
import { signInDetails } from './refusalDetails.ts';
import { SignedIn } from './SignedIn.tsx';
import { isDirectoryRefusal, signInReference, signInText } from './signInText.ts';
import { TryAgainButton } from './TryAgainButton.tsx';
import { useApi } from './useApi.ts';
import { useSignIn } from './useSignIn.ts';
import { Welcome } from './Welcome.tsx';

type AppProps = { config: PageConfig; cameBack: boolean; signInError: unknown };

export function App({ config, cameBack, signInError }: AppProps) {
  const [cameBackAt] = useState(cameBack ? Date.now() : undefined);
  const { inProgress } = useMsal();
  const signedIn = useIsAuthenticated();
  const signIn = useSignIn(config, signInError);
  const { error, stuck } = signIn;
  const api = useApi(config);
  const settled = inProgress === InteractionStatus.None;
  // Whoever is signed in is told of it together with what the service refused, and of nothing if it refuses nothing.
  const toldBelow = signedIn && isDirectoryRefusal(error);
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
        {error !== undefined && !toldBelow && (signedIn || stuck === undefined) && (
          <Notice
            title="You were not signed in"
            reference={signInReference(error)}
            details={signInDetails(error)}
            action={
              !signedIn && isDirectoryRefusal(error) && <AdminLink config={config} tenantId={undefined} />
            }
          >
            {signInText(error)}
          </Notice>
        )}
        {settled && !signedIn && stuck && (
          <Notice
            title="Tell your administrator"
            reference={stuck.refusedWith}
            details={error === undefined ? [] : signInDetails(error)}
            detailsOpen
            action={
              <>
                <TryAgainButton
                  afterSeconds={Math.ceil((stuck.until - Date.now()) / 1_000)}
                  tryAgain={signIn.signIn}
                />
                <AdminLink config={config} tenantId={undefined} />
              </>
            }
          >
            The directory refused this sign-in twice in the same way. Send the details to your administrator.
            Once they have mended it, try again here.
          </Notice>
        )}
        {!settled && <p role="status">One moment…</p>}
        {settled && !signedIn && !stuck && <Welcome signIn={signIn.signIn} />}
        {settled && signedIn && api && <SignedIn api={api} signIn={signIn} cameBackAt={cameBackAt} />}
      </main>
    </>
  );
}
