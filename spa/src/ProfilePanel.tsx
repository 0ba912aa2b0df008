import { useRef } from 'react';
import type { Api } from './callApi.ts';
import { ProfileCard } from './ProfileCard.tsx';
import { Progress } from './Progress.tsx';
import { RefusalNotice, type RefusalNoticeProps } from './RefusalNotice.tsx';
import { usePhoto } from './usePhoto.ts';
import type { ProfileState } from './useProfile.ts';

type ProfilePanelProps = { profile: ProfileState } & Pick<
  RefusalNoticeProps,
  'api' | 'mend' | 'nextStep' | 'failed'
>;

const SETTLING = 'Setting things up: the directory takes up to half a minute to pass your permission on…';

/** Who is signed in, or why that cannot be said. */
export function ProfilePanel({ profile: { answer, settling, again }, ...props }: ProfilePanelProps) {
  const panel = useRef<HTMLElement>(null);
  const tryAgain = () => {
    // The button goes away with the answer it belongs to; the keyboard's place must not.
    panel.current?.focus();
    void again();
  };
  return (
    <section ref={panel} tabIndex={-1} aria-label="Your profile">
      <Progress
        doing={answer === undefined ? (settling ? SETTLING : 'Reading your profile…') : undefined}
        done={answer?.state === 'ready' ? 'Your profile is here.' : undefined}
      />
      {answer?.state === 'ready' && <ProfileWithPhoto api={props.api} profile={answer.value} />}
      {answer !== undefined && answer.state !== 'ready' && (
        <RefusalNotice {...props} refusal={answer} tryAgain={tryAgain} />
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
