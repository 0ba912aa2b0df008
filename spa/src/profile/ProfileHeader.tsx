import { useRef } from 'react';
import type { Profile } from '../../../shared/wire.ts';
import { refusalDetails } from '../api/refusalDetails.ts';
import { refusalText } from '../api/refusalText.ts';
import type { Api } from '../api/useApi.ts';
import { Details } from '../ui/Notice.tsx';
import { Progress } from '../ui/Progress.tsx';
import { TryAgainButton } from '../ui/TryAgainButton.tsx';
import { useWords } from '../words/speech.tsx';
import type { Words } from '../words/words.ts';
import { usePhoto } from './usePhoto.ts';
import type { ProfileState } from './useProfile.ts';

/** In the order in which they are shown. */
const LABELS = [
  'department',
  'mail',
  'userPrincipalName',
  'officeLocation',
  'city',
  'country',
  'employeeId',
] as const satisfies readonly (keyof Words['profile']['labels'] & keyof Profile)[];

type ProfileHeaderProps = {
  api: Api;
  profile: ProfileState;
  /** True if another part of the page says why there is no profile. */
  toldElsewhere: boolean;
};

/** Who is signed in: one line, which unfolds to what the directory knows about them. */
export function ProfileHeader({
  api,
  profile: { answer, settling, again },
  toldElsewhere,
}: ProfileHeaderProps) {
  const allWords = useWords();
  const { profile: words, regions } = allWords;
  const panel = useRef<HTMLElement>(null);
  const tryAgain = () => {
    // The button disappears with the answer, so the panel takes the focus: the keyboard must not start at the top
    // again.
    panel.current?.focus();
    void again();
  };
  return (
    <section ref={panel} tabIndex={-1} aria-label={regions.profile}>
      <Progress
        doing={answer === undefined ? (settling ? words.settling : words.reading) : undefined}
        done={answer?.state === 'ready' ? words.here : undefined}
      />
      {answer?.state === 'ready' && <Person api={api} profile={answer.value} />}
      {answer !== undefined && answer.state !== 'ready' && !toldElsewhere && (
        <div className="profile-hidden">
          <p>
            {words.hidden} {refusalText(answer, allWords)}
          </p>
          <TryAgainButton
            afterSeconds={answer.state === 'busy' ? answer.retryAfterSeconds : 0}
            tryAgain={tryAgain}
          />
          {answer.state === 'busy' && <Details details={refusalDetails(answer)} />}
        </div>
      )}
    </section>
  );
}

/** A property that the directory does not know is left out. */
function Person({ api, profile }: { api: Api; profile: Profile }) {
  const { profile: words } = useWords();
  const photo = usePhoto(api);
  const known = LABELS.filter((property) => profile[property] !== undefined);
  return (
    <details className="profile">
      <summary>
        {photo === undefined ? (
          <span className="initials" aria-hidden="true">
            {initialsOf(profile)}
          </span>
        ) : (
          <img className="photo" src={photo} alt="" />
        )}
        <h2 dir="auto">{profile.displayName ?? profile.userPrincipalName ?? words.you}</h2>
        {profile.jobTitle && (
          <span className="job" dir="auto">
            {profile.jobTitle}
          </span>
        )}
      </summary>
      {known.length === 0 ? (
        <p>{words.nothing}</p>
      ) : (
        <>
          <dl>
            {known.map((property) => (
              <div key={property}>
                <dt>{words.labels[property]}</dt>
                <dd dir="auto">{profile[property]}</dd>
              </div>
            ))}
          </dl>
          <p className="small-print">{words.source}</p>
        </>
      )}
    </details>
  );
}

function initialsOf({ givenName, surname, displayName = '' }: Profile): string {
  const words = givenName && surname ? [givenName, surname] : displayName.split(/\s+/);
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map(
    (word) => [...(word ?? '')][0] ?? '',
  );
  return letters.join('').toUpperCase() || '·';
}
