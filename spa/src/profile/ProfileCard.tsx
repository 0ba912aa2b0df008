import type { Profile } from '../../../shared/wire.ts';
import type { Api } from '../api/useApi.ts';
import { usePhoto } from './usePhoto.ts';

const LABELS: readonly (readonly [keyof Profile, string])[] = [
  ['department', 'Department'],
  ['mail', 'E-mail'],
  ['userPrincipalName', 'User name'],
  ['officeLocation', 'Office'],
  ['city', 'City'],
  ['country', 'Country'],
  ['employeeId', 'Employee id'],
];

/** What the directory knows about the user. A property that it does not know is left out. */
export function ProfileCard({ api, profile }: { api: Api; profile: Profile }) {
  const photo = usePhoto(api);
  const known = LABELS.filter(([property]) => profile[property] !== undefined);
  return (
    <article className="profile">
      <header>
        {photo === undefined ? (
          <span className="initials" aria-hidden="true">
            {initialsOf(profile)}
          </span>
        ) : (
          <img className="photo" src={photo} alt="" />
        )}
        <div>
          <h2>{profile.displayName ?? profile.userPrincipalName ?? 'You'}</h2>
          {profile.jobTitle && <p>{profile.jobTitle}</p>}
        </div>
      </header>
      {known.length === 0 ? (
        <p>There is no profile data: the directory knows your account and nothing more about you.</p>
      ) : (
        <dl>
          {known.map(([property, label]) => (
            <div key={property}>
              <dt>{label}</dt>
              <dd>{profile[property]}</dd>
            </div>
          ))}
        </dl>
      )}
      <footer>Read from Microsoft Graph on your behalf</footer>
    </article>
  );
}

function initialsOf({ givenName, surname, displayName = '' }: Profile): string {
  const words = givenName && surname ? [givenName, surname] : displayName.split(/\s+/);
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map(
    (word) => [...(word ?? '')][0] ?? '',
  );
  return letters.join('').toUpperCase() || '·';
}
