import { useMsal } from '@azure/msal-react';
import { useEffect, useState } from 'react';
import { fetchProfile, type ProfileResult } from './fetchProfile.ts';
import type { PageConfig } from './pageConfig.ts';

/** The profile of whoever is signed in; undefined while it is on its way. `again` asks anew. */
export function useProfile(config: PageConfig): { result: ProfileResult | undefined; again: () => void } {
  const { instance, accounts } = useMsal();
  const [account] = accounts;
  const [attempt, setAttempt] = useState(0);
  const [result, setResult] = useState<ProfileResult>();

  // biome-ignore lint/correctness/useExhaustiveDependencies: each attempt is one more request
  useEffect(() => {
    const leaving = new AbortController();
    setResult(undefined);
    if (account === undefined) return undefined;
    fetchProfile(instance, account, config, leaving.signal).then((next) => {
      if (!leaving.signal.aborted) setResult(next);
    });
    return () => leaving.abort();
  }, [instance, account?.homeAccountId, config, attempt]);

  return { result, again: () => setAttempt((count) => count + 1) };
}
