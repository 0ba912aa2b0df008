import { useRef } from 'react';
import type { Api } from './callApi.ts';
import { ProfileCard } from './ProfileCard.tsx';
import { Progress } from './Progress.tsx';
import { RefusalNotice } from './RefusalNotice.tsx';
import { usePhoto } from './usePhoto.ts';
import type { ProfileState } from './useProfile.ts';
import type { SignInRefusal } from './useSignIn.ts';

type ProfilePanelProps = {
  api: Api;
  profile: ProfileState;
  signInAgain: (refusal: SignInRefusal) => void;
};

/** Who is signed in, or why that cannot be said. */
export function ProfilePanel({ api, profile: { answer, again }, signInAgain }: ProfilePanelProps) {
  const panel = useRef<HTMLElement>(null);
  const tryAgain = () => {
    // The button goes away with the answer it belongs to; the keyboard's place must not.
    panel.current?.focus();
    void again();
  };
  return (
    <section ref={panel} tabIndex={-1} aria-label="Your profile">
      <Progress
        doing={answer === undefined ? 'Reading your profile…' : undefined}
        done={answer?.state === 'ready' ? 'Your profile is here.' : undefined}
      />
      {answer?.state === 'ready' && <ProfileWithPhoto api={api} profile={answer.value} />}
      {answer !== undefined && answer.state !== 'ready' && (
        <RefusalNotice refusal={answer} tryAgain={tryAgain} signInAgain={signInAgain} />
      )}
    </section>
  );
}

/** The photo is asked for once it is known that there is somebody to show it of. */
function ProfileWithPhoto({
  api,
  profile,
}: {
  api: Api;
  profile: Parameters<typeof ProfileCard>[0]['profile'];
}) {
  return <ProfileCard profile={profile} photo={usePhoto(api)} />;
}
