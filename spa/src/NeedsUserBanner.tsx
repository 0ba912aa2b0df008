import { useState } from 'react';

type NeedsUserBannerProps = {
  /** What is missing is a permission, and not a sign-in. */
  consent: boolean;
  /** Mends it with the person's help, or finds it mended. */
  mend: () => Promise<void>;
};

/** The worker was refused while the page was open, or the page has not asked since. */
export function NeedsUserBanner({ consent, mend }: NeedsUserBannerProps) {
  const [mending, setMending] = useState(false);
  const onClick = async () => {
    setMending(true);
    await mend();
    setMending(false);
  };
  return (
    <article className="notice">
      <div role="alert">
        <h2>{consent ? 'Stead needs your permission again' : 'Stead needs you'}</h2>
        <p>
          {consent
            ? 'A permission was missing while Stead worked for you. Give it again, and Stead goes on.'
            : 'The directory refused Stead while it worked for you. Sign in again, and it goes on.'}
        </p>
      </div>
      <button type="button" aria-busy={mending} disabled={mending} onClick={() => void onClick()}>
        {consent ? 'Give permission' : 'Sign in again'}
      </button>
    </article>
  );
}
