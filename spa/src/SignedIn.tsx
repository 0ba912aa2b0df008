import { lazy, Suspense, useEffect } from 'react';
import { ConnectionPanel } from './ConnectionPanel.tsx';
import type { Api } from './callApi.ts';
import { NeedsUserBanner } from './NeedsUserBanner.tsx';
import { ProfilePanel } from './ProfilePanel.tsx';
import { useConnection } from './useConnection.ts';
import { useProfile } from './useProfile.ts';
import type { SignInRefusal } from './useSignIn.ts';

/** In the local platform's build alone: the condition is known when the page is built. */
const DemoControls =
  import.meta.env.MODE === 'demo'
    ? lazy(async () => ({ default: (await import('./demo/DemoControls.tsx')).DemoControls }))
    : undefined;

type SignedInProps = { api: Api; signInAgain: (refusal: SignInRefusal) => void };

/** The signed-in part of the page. The profile goes first: asking for it is the visit that heals a connection. */
export function SignedIn({ api, signInAgain }: SignedInProps) {
  const profile = useProfile(api);
  const connection = useConnection(api);
  const { answer } = profile;
  const { refresh } = connection;

  useEffect(() => {
    if (answer !== undefined) void refresh();
  }, [answer, refresh]);

  const visit = async () => {
    const next = await profile.again();
    if (next?.state === 'sign-in') signInAgain(next);
  };
  const refused = answer?.state === 'sign-in';
  // Both panels would say the same.
  const saidAlready = refused && connection.trouble?.state === 'sign-in';
  return (
    <>
      {connection.connection?.state === 'needs-user' && answer?.state === 'ready' && (
        <NeedsUserBanner mend={visit} />
      )}
      <ProfilePanel api={api} profile={profile} signInAgain={signInAgain} />
      {!saidAlready && (
        <ConnectionPanel
          state={connection}
          reconnect={async () => {
            if (await connection.connect()) await visit();
          }}
          signInAgain={signInAgain}
        />
      )}
      {DemoControls && (
        <Suspense>
          <DemoControls userName={api.account.username} changed={() => void refresh()} />
        </Suspense>
      )}
    </>
  );
}
