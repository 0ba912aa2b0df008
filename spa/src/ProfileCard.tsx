import type { Profile } from '../../shared/wire.ts';

const LABELS: readonly (readonly [keyof Profile, string])[] = [
  ['jobTitle', 'Job title'],
  ['department', 'Department'],
  ['mail', 'E-mail'],
  ['userPrincipalName', 'User name'],
  ['officeLocation', 'Office'],
  ['city', 'City'],
  ['country', 'Country'],
  ['employeeId', 'Employee id'],
];

/** What the directory knows of the user. What it does not know is not shown. */
export function ProfileCard({ profile }: { profile: Profile }) {
  const name = profile.displayName ?? profile.userPrincipalName ?? 'You';
  const known = LABELS.filter(([property]) => profile[property] !== undefined);
  return (
    <article className="profile" aria-labelledby="profile-name">
      <header>
        <span className="initials" aria-hidden="true">
          {initialsOf(profile)}
        </span>
        <h2 id="profile-name">{name}</h2>
      </header>
      {known.length === 0 ? (
        <p>The directory has nothing more to say about you.</p>
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
      <footer>Read from Microsoft Graph on your behalf.</footer>
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
