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
        {error !== undefined && (
          <Notice
            title={stuck ? 'Tell your administrator' : 'You were not signed in'}
            reference={signInReference(error)}
            details={signInDetails(error)}
            detailsOpen={stuck}
            action={
              // Whoever is signed in is told so below, where it is known what was refused.
              !signedIn && isDirectoryRefusal(error) && <AdminLink config={config} tenantId={undefined} />
            }
          >
            {stuck
              ? 'The directory refuses this sign-in again. Send the details below to your administrator, and come back in five minutes.'
              : signInText(error)}
          </Notice>
        )}
        {!settled && <p role="status">One moment…</p>}
        {settled && !signedIn && !stuck && <Welcome signIn={signIn.signIn} />}
        {settled && signedIn && api && <SignedIn api={api} signIn={signIn} cameBackAt={cameBackAt} />}
      </main>
    </>
  );
}
