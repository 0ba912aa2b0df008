import { useState } from 'react';
import { refusalText } from '../api/refusalText.ts';
import type { Api } from '../api/useApi.ts';
import { useWords } from '../words/speech.tsx';
import { noteTurningOn } from './turningOn.ts';

/** What a link asks for beside what keeps the connection. */
export type LinkWish = NonNullable<Parameters<Api['service']['link']>[0]>;

export type Link = {
  /** True from the click until the page is left, or until it is known that it is not. */
  busy: boolean;
  /** Why the last wish brought none; undefined if nothing failed. */
  failed: string | undefined;
  /** Leaves the page for the directory. Resolves to false if there is no link. */
  open: (wish?: LinkWish) => Promise<boolean>;
};

/** A way to the directory for a link. */
export function useLink(api: Api): Link {
  const words = useWords();
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<string>();
  const open = async (wish?: LinkWish) => {
    setBusy(true);
    setFailed(undefined);
    const answer = await api.service.link(wish);
    if (answer.state === 'ready') {
      noteTurningOn(wish?.tasks?.[0]);
      // Whoever goes back may find this very page again, as they left it.
      addEventListener('pageshow', () => setBusy(false), { once: true });
      location.assign(answer.value.url);
      return true;
    }
    setBusy(false);
    setFailed(refusalText(answer, words));
    return false;
  };
  return { busy, failed, open };
}
