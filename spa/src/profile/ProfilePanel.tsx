import { useRef } from 'react';
import { RefusalNotice, type RefusalNoticeProps } from '../api/RefusalNotice.tsx';
import { Progress } from '../ui/Progress.tsx';
import { ProfileCard } from './ProfileCard.tsx';
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
      {answer?.state === 'ready' && <ProfileCard api={props.api} profile={answer.value} />}
      {answer !== undefined && answer.state !== 'ready' && (
        <RefusalNotice {...props} refusal={answer} tryAgain={tryAgain} />
      )}
    </section>
  );
}
