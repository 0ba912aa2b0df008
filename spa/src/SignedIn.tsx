import { isDirectoryRefusal } from '@stead/shared/browser/msalError';
import type { SignInRefusal } from '@stead/shared/browser/refusal';
import type { Refused } from '@stead/shared/browser/signInSteps';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import type { Api } from './api/useApi.ts';
import { Activity } from './connection/Activity.tsx';
import { ChoicesPanel } from './connection/ChoicesPanel.tsx';
import { LinkNotice } from './connection/LinkNotice.tsx';
import { type PageState, pageState } from './connection/pageState.ts';
import { StatePanel } from './connection/StatePanel.tsx';
import { StayConnected } from './connection/StayConnected.tsx';
import { TasksToTurnOn } from './connection/TasksToTurnOn.tsx';
import { turnedOn } from './connection/turningOn.ts';
import { useConnection } from './connection/useConnection.ts';
import { useLink } from './connection/useLink.ts';
import { useRepaired } from './connection/useRepaired.ts';
import { useVisitBefore } from './connection/useVisitBefore.ts';
import { useWork } from './connection/useWork.ts';
import { ProfileHeader } from './profile/ProfileHeader.tsx';
import { useProfile } from './profile/useProfile.ts';
import { decline, hasDeclined } from './session/declined.ts';
import { noteLinkBegun, wasLinkInVain } from './session/linkInVain.ts';
import { noteLinkRepair, takeLinkRepair } from './session/linkRepair.ts';
import type { LinkResult } from './session/linkResult.ts';
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
  /** What the address says of a link. Anybody can make such an address. */
  linkResult: LinkResult | undefined;
};

/** What a link asks for by name, so that what the visit needs is among it, also if other permissions are granted already. */
const FOR_THE_VISIT = { functions: ['profile'] };

/** The states in which a link would help, and in which nothing else is asked of the person. */
const MAY_OFFER: ReadonlySet<PageState['name']> = new Set<PageState['name']>([
  'well',
  'partly',
  'paused',
  'waiting',
]);

/**
 * The page of a signed-in person. It asks for the connection first, because the answer still says when they were here last. Then
 * it reads the profile: that is the visit which repairs a connection.
 */
export function SignedIn({ api, signIn, cameBackAt, cameBackRepaired, linkResult }: SignedInProps) {
  const words = useWords();
  const connection = useConnection(api);
  const { refresh, trouble } = connection;
  const known = connection.connection;
  const visit = useVisitBefore(api.account.homeAccountId, known, trouble);
  const profile = useProfile(api, visit.isKnown, cameBackAt);
  const { answer } = profile;
  const { repaired, noteRepair } = useRepaired(known, cameBackRepaired);
  const panel = useRef<HTMLElement>(null);
  const { homeAccountId } = api.account;
  const [declinedBy, setDeclinedBy] = useState<string>();
  const declined = declinedBy === homeAccountId || hasDeclined(homeAccountId);
  const link = useLink(api);
  /** The connection as it is after what is awaited. */
  const latest = useRef(known);
  const work = useWork(panel, trouble);

  useEffect(() => {
    latest.current = known;
  });
  useEffect(() => {
    if (answer !== undefined) void refresh();
  }, [answer, refresh]);

  /** True if the directory asks for what is missing by a link. Where the page is no known client of the API, nothing else does. */
  const isForLink = (refusal: Refused) =>
    refusal.code === 'CONSENT_REQUIRED' && latest.current?.canLink === true && !wasLinkInVain();
  const nextStep = (refusal: Refused) => (isForLink(refusal) ? 'consent' : signIn.nextStep(refusal));
  const visitAgain = async () => {
    const next = await profile.again();
    if (next?.state === 'sign-in') {
      if (isForLink(next)) {
        noteLinkRepair();
        noteLinkBegun();
        if (await link.open(next.link ?? FOR_THE_VISIT)) return false;
        takeLinkRepair();
      }
      signIn.signInAgain(next);
    }
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
    if ((await visitAgain()) && state !== 'none') noteRepair();
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
  const linkUntil = known?.canLink && MAY_OFFER.has(state.name) ? known.linkUntil : undefined;
  return (
    <>
      {linkResult === 'linked' && known?.staysConnected !== undefined && (
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
        nextStep={nextStep}
        failedSignIn={isDirectoryRefusal(signIn.error) ? signInDetails(signIn.error) : []}
      />
      {linkUntil !== undefined && !declined && (
        <StayConnected
          api={api}
          until={linkUntil}
          dismiss={() => {
            // The button disappears with the offer, and the keyboard would lose its place.
            panel.current?.focus();
            decline(homeAccountId);
            setDeclinedBy(homeAccountId);
          }}
        />
      )}
      {isKnown && isConnected && <Activity connection={known} state={state} />}
      {isKnown && isConnected && <TasksToTurnOn api={api} connection={known} />}
      {isKnown && (
        <ChoicesPanel
          api={api}
          connection={known}
          state={state}
          profile={answer?.state === 'ready' ? answer.value : undefined}
          actions={connection}
          start={async () => {
            const connected = await connection.connect();
            if (connected) await visitAgain();
            return connected;
          }}
          work={work}
          canLink={linkUntil !== undefined && declined}
        />
      )}
      {DemoControls && (
        <Suspense>
          <DemoControls
            userName={api.account.username}
            isNeeded={known && known.state === 'needs-user'}
            changed={refresh}
          />
        </Suspense>
      )}
    </>
  );
}
