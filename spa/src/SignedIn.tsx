import { lazy, Suspense, useEffect, useRef } from 'react';
import type { SignInRefusal } from './api/refusal.ts';
import type { Api } from './api/useApi.ts';
import { ConnectionPanel } from './connection/ConnectionPanel.tsx';
import { NeedsUserBanner } from './connection/NeedsUserBanner.tsx';
import { useConnection } from './connection/useConnection.ts';
import { ProfilePanel } from './profile/ProfilePanel.tsx';
import { useProfile } from './profile/useProfile.ts';
import { isDirectoryRefusal, signInDetails } from './session/signInError.ts';
import type { SignIn } from './session/useSignIn.ts';

/** In the local platform's build alone: the condition is known when the page is built. */
const DemoControls =
  import.meta.env.MODE === 'demo'
    ? lazy(async () => ({ default: (await import('./demo/DemoControls.tsx')).DemoControls }))
    : undefined;

type SignedInProps = {
  api: Api;
  signIn: SignIn;
  /** When they came back from the directory, in epoch milliseconds; undefined if they did not. */
  cameBackAt: number | undefined;
};

/** The signed-in part of the page. The profile goes first: asking for it is the visit that heals a connection. */
export function SignedIn({ api, signIn, cameBackAt }: SignedInProps) {
  const profile = useProfile(api, cameBackAt);
  const connection = useConnection(api);
  const top = useRef<HTMLDivElement>(null);
  const { answer } = profile;
  const { refresh } = connection;

  useEffect(() => {
    if (answer !== undefined) void refresh();
  }, [answer, refresh]);

  const visit = async () => {
    const next = await profile.again();
    if (next?.state === 'sign-in') signIn.signInAgain(next);
  };
  /** The service is asked first: without that it may answer with what it remembers from before the refusal. */
  const askThenVisit = async () => {
    // What offered it goes away when it is mended; the keyboard's place must not.
    top.current?.focus();
    const state = connection.connection?.state;
    // Whoever disconnected stays disconnected, whatever they give permission for.
    if (state !== undefined && state !== 'disconnected') await connection.connect();
    await visit();
  };
  const mend = (refusal: SignInRefusal) => {
    // An administrator may have consented meanwhile.
    if (refusal.code === 'CONSENT_REQUIRED') void askThenVisit();
    else signIn.signInAgain(refusal);
  };
  const failed = isDirectoryRefusal(signIn.error) ? signInDetails(signIn.error) : [];
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
            consent={connection.connection.failure?.kind === 'consent'}
            repair={askThenVisit}
          />
        )}
      </div>
      <ProfilePanel api={api} profile={profile} mend={mend} nextStep={signIn.nextStep} failed={failed} />
      {!saidAlready && (
        <ConnectionPanel
          api={api}
          state={connection}
          reconnect={async () => {
            const connected = await connection.connect();
            if (connected) await visit();
            return connected;
          }}
          mend={mend}
          nextStep={signIn.nextStep}
          failed={failed}
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
