import { isDirectoryRefusal } from '@stead/shared/browser/msalError';
import type { SignInRefusal } from '@stead/shared/browser/refusal';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import type { Api } from './api/useApi.ts';
import { Activity } from './connection/Activity.tsx';
import { ChoicesPanel } from './connection/ChoicesPanel.tsx';
import { LinkNotice } from './connection/LinkNotice.tsx';
import { pageState } from './connection/pageState.ts';
import { StatePanel } from './connection/StatePanel.tsx';
import { StayConnected } from './connection/StayConnected.tsx';
import { TasksToTurnOn, turnedOn } from './connection/TasksToTurnOn.tsx';
import { useConnection } from './connection/useConnection.ts';
import { useVisitBefore } from './connection/useVisitBefore.ts';
import { useWork } from './connection/useWork.ts';
import { ProfileHeader } from './profile/ProfileHeader.tsx';
import { useProfile } from './profile/useProfile.ts';
import { signInDetails } from './session/signInError.ts';
import type { SignIn } from './session/useSignIn.ts';
import { useWords } from './words/speech.tsx';

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
  /** True if they came back from repairing something. */
  cameBackRepaired: boolean;
  /** True if the address says that they have linked. Anybody can make such an address. */
  cameBackLinked: boolean;
};

/**
 * The page of a signed-in person. It asks for the connection first, because the answer still says when they were here last. Then
 * it reads the profile: that is the visit which repairs a connection.
 */
export function SignedIn({ api, signIn, cameBackAt, cameBackRepaired, cameBackLinked }: SignedInProps) {
  const words = useWords();
  const connection = useConnection(api);
  const { refresh, trouble } = connection;
  const known = connection.connection;
  const visit = useVisitBefore(api.account.homeAccountId, known, trouble);
  const profile = useProfile(api, visit.isKnown, cameBackAt);
  const { answer } = profile;
  const [repaired, setRepaired] = useState(cameBackRepaired);
  const panel = useRef<HTMLElement>(null);
  const work = useWork(panel, trouble);

  useEffect(() => {
    if (answer !== undefined) void refresh();
  }, [answer, refresh]);

  const visitAgain = async () => {
    const next = await profile.again();
    if (next?.state === 'sign-in') signIn.signInAgain(next);
    return next?.state === 'ready';
  };
  /** Connects again before the visit. Otherwise the service may answer from its memory of before the refusal. */
  const restart = async () => {
    // The button may disappear, so this element takes the focus: the keyboard must not start at the top again.
    panel.current?.focus();
    const state = known?.state;
    // A person who is not connected stays so, even if they give a permission now: only a button of that name connects them.
    const isAsked = state === 'disconnected' || state === 'not-connected';
    if (state !== undefined && !isAsked) await connection.connect();
    if (await visitAgain()) setRepaired(true);
  };
  const repair = (refusal: SignInRefusal) => {
    // An administrator may have consented meanwhile, so a redirect may not be necessary.
    if (refusal.code === 'CONSENT_REQUIRED') void restart();
    else signIn.signInAgain(refusal);
  };
  const tryAgain = () => {
    const isProfileHere = answer?.state === 'ready';
    void work.run(words.state.reading, async () => {
      if (!isProfileHere) await profile.again();
      return refresh();
    });
  };
  const state = pageState({
    connection: known,
    trouble,
    visit: answer,
    settling: profile.settling,
    repaired,
  });
  const isKnown = known !== undefined && state.name !== 'loading' && state.name !== 'none';
  const isConnected = ['pending', 'active', 'needs-user'].includes(known?.state ?? '');
  return (
    <>
      {cameBackLinked && known?.staysConnected !== undefined && (
        <LinkNotice result="linked" task={turnedOn(known)} />
      )}
      <ProfileHeader
        api={api}
        profile={profile}
        toldElsewhere={state.name === 'sign-in' || state.name === 'refused'}
      />
      <StatePanel
        panel={panel}
        api={api}
        state={state}
        connection={known}
        visitedAt={visit.at}
        outdated={trouble !== undefined}
        work={work}
        refresh={refresh}
        restart={restart}
        tryAgain={tryAgain}
        repair={repair}
        nextStep={signIn.nextStep}
        failedSignIn={isDirectoryRefusal(signIn.error) ? signInDetails(signIn.error) : []}
      />
      {state.name === 'well' && known && <StayConnected api={api} connection={known} />}
      {isKnown && isConnected && <Activity connection={known} state={state} />}
      {isKnown && isConnected && <TasksToTurnOn api={api} connection={known} />}
      {isKnown && (
        <ChoicesPanel
          connection={known}
          profile={answer?.state === 'ready' ? answer.value : undefined}
          actions={connection}
          start={async () => {
            const connected = await connection.connect();
            if (connected) await visitAgain();
            return connected;
          }}
          work={work}
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
