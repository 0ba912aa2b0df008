import type { Refusal } from '@stead/shared/browser/refusal';
import { type RefObject, useEffect, useState } from 'react';

/** What the page is doing for the person, and what may not have been done. */
export type Work = {
  /** In words, such as "Stopping…"; undefined if nothing is under way. */
  doing: string | undefined;
  /** What may be wrong because the person's change failed, in a sentence; undefined if none failed. */
  failed: string | undefined;
  /** @param failure what to say if `work` resolves to false */
  run: (what: string, work: () => Promise<boolean>, failure?: string) => Promise<void>;
};

/**
 * @param panel takes the focus when work begins, because the button may disappear: the keyboard must not start at the top again
 * @param trouble when the service answers again, the state of the connection says whether the change was made
 */
export function useWork(panel: RefObject<HTMLElement | null>, trouble: Refusal | undefined): Work {
  const [doing, setDoing] = useState<string>();
  const [failed, setFailed] = useState<string>();
  useEffect(() => {
    if (trouble === undefined) setFailed(undefined);
  }, [trouble]);
  const run: Work['run'] = async (what, work, failure) => {
    panel.current?.focus();
    setDoing(what);
    setFailed((await work()) ? undefined : failure);
    setDoing(undefined);
  };
  return { doing, failed, run };
}
