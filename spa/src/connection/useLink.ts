import { useState } from 'react';
import type { Connection } from '../../../shared/wire.ts';
import { refusalText } from '../api/refusalText.ts';
import type { Api } from '../api/useApi.ts';
import { useWords } from '../words/speech.tsx';

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

/** Where this tab keeps which task a link is about, because the address of the way back says only that it was linked. */
const TASK_KEY = 'stead.turning-on';

/** What users call the task that they have just turned on; undefined if they have turned on none. */
export function turnedOn({ tasks = [] }: Connection): string | undefined {
  const wanted = sessionStorage.getItem(TASK_KEY);
  return tasks.find(({ task, isOn }) => isOn && task === wanted)?.title;
}

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
      const [task] = wish?.tasks ?? [];
      if (task === undefined) sessionStorage.removeItem(TASK_KEY);
      else sessionStorage.setItem(TASK_KEY, task);
      location.assign(answer.value.url);
      return true;
    }
    setBusy(false);
    setFailed(refusalText(answer, words));
    return false;
  };
  return { busy, failed, open };
}
