import { useCallback, useEffect, useState } from 'react';
import type { Profile } from '../../../shared/wire.ts';
import { type Answer, type Call, callApi, readJson } from '../api/callApi.ts';
import type { Api } from '../api/useApi.ts';

export type ProfileState = {
  /** True while the page waits for a new consent to reach the whole directory. */
  settling: boolean;
  /** Undefined while the request is under way. */
  answer: Answer<Profile> | undefined;
  /** Reads the profile again, and resolves to the new answer. */
  again: () => Promise<Answer<Profile> | undefined>;
};

const getProfile: Call<Profile> = { path: 'profile', read: readJson(isProfile) };

function isProfile(body: unknown): body is Profile {
  return typeof body === 'object' && body !== null && 'id' in body && typeof body.id === 'string';
}

/**
 * A new consent needs a while to reach the whole directory. For this long after the person came back, the page asks
 * again instead of saying that the consent is missing.
 */
const SETTLE_FOR_MS = 30_000;
const FIRST_WAIT_MS = 2_000;
const LONGEST_WAIT_MS = 8_000;

/**
 * The profile of the signed-in person. Reading it counts as a visit and so keeps their connection alive.
 * @param mayBegin false as long as the page must not call the service for this visit
 * @param cameBackAt when the person came back from the directory, in epoch milliseconds; undefined if they did not
 */
export function useProfile(api: Api, mayBegin: boolean, cameBackAt: number | undefined): ProfileState {
  const [settling, setSettling] = useState(false);
  const [answer, setAnswer] = useState<Answer<Profile>>();

  const ask = useCallback(
    async (signal: AbortSignal) => {
      // The profile on the page stays until there is a newer one.
      setAnswer((shown) => (shown?.state === 'ready' ? shown : undefined));
      let next = await callApi(api, getProfile, signal);
      const patientUntil = cameBackAt === undefined ? 0 : cameBackAt + SETTLE_FOR_MS;
      let wait = FIRST_WAIT_MS;
      while (!signal.aborted && isConsentMissing(next) && Date.now() < patientUntil) {
        setSettling(true);
        await sleep(Math.min(wait, patientUntil - Date.now()), signal);
        wait = Math.min(wait * 2, LONGEST_WAIT_MS);
        if (!signal.aborted) next = await callApi(api, getProfile, signal);
      }
      if (signal.aborted) return undefined;
      setSettling(false);
      setAnswer(next);
      return next;
    },
    [api, cameBackAt],
  );

  useEffect(() => {
    const leaving = new AbortController();
    setAnswer(undefined);
    if (mayBegin) void ask(leaving.signal);
    return () => leaving.abort();
  }, [ask, mayBegin]);

  const again = useCallback(() => ask(new AbortController().signal), [ask]);
  return { answer, settling, again };
}

const isConsentMissing = (answer: Answer<Profile>): boolean =>
  answer.state === 'sign-in' && answer.code === 'CONSENT_REQUIRED';

const sleep = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
