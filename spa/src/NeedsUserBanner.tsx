import { useState } from 'react';

type NeedsUserBannerProps = {
  /** Mends it with the person's sign-in, or finds it mended. */
  mend: () => Promise<void>;
};

/** The worker was refused while the page was open, or the page has not asked since. */
export function NeedsUserBanner({ mend }: NeedsUserBannerProps) {
  const [mending, setMending] = useState(false);
  const onClick = async () => {
    setMending(true);
    await mend();
    setMending(false);
  };
  return (
    <article className="notice">
      <div role="alert">
        <h2>Stead needs you</h2>
        <p>The directory refused Stead while it worked for you. Sign in again, and it goes on.</p>
      </div>
      <button type="button" aria-busy={mending} disabled={mending} onClick={() => void onClick()}>
        Sign in again
      </button>
    </article>
  );
}
