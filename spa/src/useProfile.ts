import { useCallback, useEffect, useState } from 'react';
import type { Profile } from '../../shared/wire.ts';
import { getProfile } from './api.ts';
import { type Answer, type Api, callApi } from './callApi.ts';

export type ProfileState = {
  /** Undefined while it is on its way. */
  answer: Answer<Profile> | undefined;
  /** Asks anew, and answers what came of it. */
  again: () => Promise<Answer<Profile> | undefined>;
};

/** The profile of whoever is signed in. Asking for it is the visit that keeps their connection. */
export function useProfile(api: Api): ProfileState {
  const [answer, setAnswer] = useState<Answer<Profile>>();

  const ask = useCallback(
    async (signal: AbortSignal) => {
      // A profile that is shown stays until there is a newer one.
      setAnswer((shown) => (shown?.state === 'ready' ? shown : undefined));
      const next = await callApi(api, getProfile, signal);
      if (signal.aborted) return undefined;
      setAnswer(next);
      return next;
    },
    [api],
  );

  useEffect(() => {
    const leaving = new AbortController();
    setAnswer(undefined);
    void ask(leaving.signal);
    return () => leaving.abort();
  }, [ask]);

  const again = useCallback(() => ask(new AbortController().signal), [ask]);
  return { answer, again };
}
