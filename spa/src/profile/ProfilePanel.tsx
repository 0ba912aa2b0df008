import { useRef } from 'react';
import { RefusalNotice, type RefusalNoticeProps } from '../api/RefusalNotice.tsx';
import { Progress } from '../ui/Progress.tsx';
import { ProfileCard } from './ProfileCard.tsx';
import type { ProfileState } from './useProfile.ts';

type ProfilePanelProps = { profile: ProfileState } & Pick<
  RefusalNoticeProps,
  'api' | 'repair' | 'nextStep' | 'failedSignIn'
>;

const SETTLING = 'Setting things up: your permission may need half a minute to reach the whole directory…';

/** The profile of the person who is signed in, or why it cannot be shown. */
export function ProfilePanel({ profile: { answer, settling, again }, ...props }: ProfilePanelProps) {
  const panel = useRef<HTMLElement>(null);
  const tryAgain = () => {
    // The button disappears with the answer, so the panel takes the focus: the keyboard must not start at the top
    // again.
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
