import { useState } from 'react';
import { Notice } from '../ui/Notice.tsx';

type NeedsUserBannerProps = {
  /** True if a permission is missing; false if a new sign-in is. */
  consent: boolean;
  /** Repairs the connection with the person's help, or finds that it was repaired meanwhile. */
  repair: () => Promise<void>;
};

/**
 * Says that the worker was refused, although the page has a profile: it got the profile before the refusal, or from the
 * service's memory.
 */
export function NeedsUserBanner({ consent, repair }: NeedsUserBannerProps) {
  const [repairing, setRepairing] = useState(false);
  const onClick = async () => {
    setRepairing(true);
    await repair();
    setRepairing(false);
  };
  return (
    <Notice
      title={consent ? 'Stead needs your permission again' : 'Stead needs you'}
      action={
        <button type="button" aria-busy={repairing} disabled={repairing} onClick={() => void onClick()}>
          {consent ? 'Give permission' : 'Sign in again'}
        </button>
      }
    >
      {consent
        ? 'A permission was missing while Stead worked for you. Give it again, and Stead goes on.'
        : 'The directory refused Stead while it worked for you. Sign in again, and Stead goes on.'}
    </Notice>
  );
}
