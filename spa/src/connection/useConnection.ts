import type { PageAnswer } from '@stead/shared/browser';
import type { Refusal } from '@stead/shared/browser/refusal';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { Connection } from '../../../shared/wire.ts';
import type { Api } from '../api/useApi.ts';
import { hearTabs, tellTabs } from '../session/tabs.ts';
import { usePolling } from './usePolling.ts';

export type ConnectionState = {
  /** The last answer; undefined until there is one. */
  connection: Connection | undefined;
  /** Why `connection` is missing or out of date; undefined if the last request succeeded. */
  trouble: Refusal | undefined;
  /** Each resolves to whether it succeeded; if not, `trouble` says why. */
  refresh: () => Promise<boolean>;
  disconnect: () => Promise<boolean>;
  connect: () => Promise<boolean>;
  pause: (until: Date) => Promise<boolean>;
  resume: () => Promise<boolean>;
};

type Request = 'status' | 'connect' | 'disconnect' | 'resume' | { until: Date };
type Answer = PageAnswer<Connection>;

/** The user's connection, kept up to date while the page is visible. */
export function useConnection(api: Api): ConnectionState {
  const [connection, setConnection] = useState<Connection>();
  const [trouble, setTrouble] = useState<Refusal>();
  const [failures, setFailures] = useState(0);
  const leaving = useRef(new AbortController());
  /** The number of the newest request. The answer of an older one is ignored. */
  const newest = useRef(0);
  /** True while the person changes the connection. A read in between would take the place of that answer. */
  const changing = useRef(false);

  const ask = useCallback(
    async (what: Request): Promise<Answer | undefined> => {
      const { signal } = leaving.current;
      if (changing.current && what === 'status') return undefined;
      newest.current += 1;
      const mine = newest.current;
      const answer: Answer =
        typeof what === 'object'
          ? await api.service.pause({ ...what, signal })
          : await api.service[what](signal);
      if (signal.aborted || mine !== newest.current) return undefined;
      if (answer.state !== 'ready') {
        setTrouble(answer);
        setFailures((count) => count + 1);
        return answer;
      }
      setConnection(answer.value);
      setTrouble(undefined);
      setFailures(0);
      return answer;
    },
    [api],
  );
  const refresh = useCallback(async () => (await ask('status'))?.state === 'ready', [ask]);

  useEffect(() => {
    leaving.current = new AbortController();
    setConnection(undefined);
    setTrouble(undefined);
    setFailures(0);
    void refresh();
    const stopHearing = hearTabs(({ what, homeAccountId }) => {
      if (what === 'connection-changed' && homeAccountId === api.account.homeAccountId) void refresh();
    });
    return () => {
      stopHearing();
      leaving.current.abort();
    };
  }, [api, refresh]);
  usePolling(refresh, connection, failures);

  const change = async (what: Request): Promise<boolean> => {
    changing.current = true;
    const answer = await ask(what).finally(() => {
      changing.current = false;
    });
    // The person has disconnected elsewhere, and this page does not know it yet.
    if (answer?.state === 'refused' && answer.code === 'NOT_CONNECTED') await refresh();
    const done = answer?.state === 'ready';
    if (done) tellTabs({ what: 'connection-changed', homeAccountId: api.account.homeAccountId });
    return done;
  };
  return {
    connection,
    trouble,
    refresh,
    disconnect: () => change('disconnect'),
    connect: () => change('connect'),
    pause: (until) => change({ until }),
    resume: () => change('resume'),
  };
}
