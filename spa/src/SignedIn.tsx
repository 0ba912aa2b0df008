import { isDirectoryRefusal } from '@stead/shared/browser/msalError';
import type { SignInRefusal } from '@stead/shared/browser/refusal';
import { lazy, Suspense, useEffect, useRef } from 'react';
import type { Api } from './api/useApi.ts';
import { ConnectionPanel } from './connection/ConnectionPanel.tsx';
import { NeedsUserBanner } from './connection/NeedsUserBanner.tsx';
import { useConnection } from './connection/useConnection.ts';
import { ProfilePanel } from './profile/ProfilePanel.tsx';
import { useProfile } from './profile/useProfile.ts';
import { signInDetails } from './session/signInError.ts';
import type { SignIn } from './session/useSignIn.ts';

/** Only the local platform's build has these controls: the condition is decided when the page is built. */
const DemoControls =
  import.meta.env.MODE === 'demo'
    ? lazy(async () => ({ default: (await import('./demo/DemoControls.tsx')).DemoControls }))
    : undefined;

type SignedInProps = {
  api: Api;
  signIn: SignIn;
  /** When the person came back from the directory, in epoch milliseconds; undefined if they did not. */
  cameBackAt: number | undefined;
};

/** The page of a signed-in person. It reads the profile first: that is the visit which repairs a connection. */
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
  /** Connects again before the visit. Otherwise the service may answer from its memory of before the refusal. */
  const reconnectAndVisit = async () => {
    // The button may disappear, so this element takes the focus: the keyboard must not start at the top again.
    top.current?.focus();
    const state = connection.connection?.state;
    // A person who is not connected stays so, even if they give a permission now: only a button of that name connects them.
    const isAsked = state === 'disconnected' || state === 'not-connected';
    if (state !== undefined && !isAsked) await connection.connect();
    await visit();
  };
  const repair = (refusal: SignInRefusal) => {
    // An administrator may have consented meanwhile, so a redirect may not be necessary.
    if (refusal.code === 'CONSENT_REQUIRED') void reconnectAndVisit();
    else signIn.signInAgain(refusal);
  };
  const failedSignIn = isDirectoryRefusal(signIn.error) ? signInDetails(signIn.error) : [];
  const { trouble } = connection;
  // True if the connection panel would only repeat the profile panel, with the same notice and the same button. While
  // the
  // profile is read again, the connection panel stays hidden.
  const toldByProfile =
    trouble !== undefined &&
    (trouble.state === 'sign-in' || connection.connection === undefined) &&
    (answer === undefined || answer.state === trouble.state);
  return (
    <>
      <div ref={top} tabIndex={-1}>
        {connection.connection?.state === 'needs-user' && answer?.state === 'ready' && (
          <NeedsUserBanner
            consent={connection.connection.failure?.kind === 'consent'}
            repair={reconnectAndVisit}
          />
        )}
      </div>
      <ProfilePanel
        api={api}
        profile={profile}
        repair={repair}
        nextStep={signIn.nextStep}
        failedSignIn={failedSignIn}
      />
      {!toldByProfile && (
        <ConnectionPanel
          api={api}
          state={connection}
          reconnect={async () => {
            const connected = await connection.connect();
            if (connected) await visit();
            return connected;
          }}
          repair={repair}
          nextStep={signIn.nextStep}
          failedSignIn={failedSignIn}
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
