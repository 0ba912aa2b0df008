import { lazy, Suspense, useEffect, useRef } from 'react';
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
  const top = useRef<HTMLDivElement>(null);
  const { answer } = profile;
  const { refresh } = connection;

  useEffect(() => {
    if (answer !== undefined) void refresh();
  }, [answer, refresh]);

  const visit = async () => {
    const next = await profile.again();
    if (next?.state === 'sign-in') signInAgain(next);
  };
  const { trouble } = connection;
  // Both panels would say the same, and offer the same button; also while the profile is asked for again.
  const saidAlready =
    trouble !== undefined &&
    (trouble.state === 'sign-in' || connection.connection === undefined) &&
    (answer === undefined || answer.state === trouble.state);
  return (
    <>
      <div ref={top} tabIndex={-1}>
        {connection.connection?.state === 'needs-user' && answer?.state === 'ready' && (
          <NeedsUserBanner
            mend={async () => {
              // The banner goes away when it is mended; the keyboard's place must not.
              top.current?.focus();
              // Without it the service may answer with what it remembers from before the refusal.
              await connection.connect();
              await visit();
            }}
          />
        )}
      </div>
      <ProfilePanel api={api} profile={profile} signInAgain={signInAgain} />
      {!saidAlready && (
        <ConnectionPanel
          state={connection}
          reconnect={async () => {
            const connected = await connection.connect();
            if (connected) await visit();
            return connected;
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
