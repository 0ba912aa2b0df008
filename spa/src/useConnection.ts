import { useCallback, useEffect, useRef, useState } from 'react';
import type { Connection } from '../../shared/wire.ts';
import { deleteConnection, getConnection, putConnection } from './api.ts';
import { type Api, type Call, callApi, type Refusal } from './callApi.ts';
import { msToNextAsk } from './nextAsk.ts';
import { hearTabs, tellTabs } from './tabs.ts';

export type ConnectionState = {
  /** The last one that was had; undefined until there is one. */
  connection: Connection | undefined;
  /** Why it is not up to date. */
  trouble: Refusal | undefined;
  /** Each answers whether it was done; if not, `trouble` says why. */
  refresh: () => Promise<boolean>;
  disconnect: () => Promise<boolean>;
  connect: () => Promise<boolean>;
};

/** The user's background connection, kept up to date while somebody can see it. */
export function useConnection(api: Api): ConnectionState {
  const [connection, setConnection] = useState<Connection>();
  const [trouble, setTrouble] = useState<Refusal>();
  const [troubles, setTroubles] = useState(0);
  const leaving = useRef(new AbortController());
  /** Answers of a question that a later one has overtaken are not shown. */
  const asked = useRef(0);
  const changing = useRef(false);

  const ask = useCallback(
    async (call: Call<Connection>): Promise<boolean> => {
      const { signal } = leaving.current;
      if (changing.current && call === getConnection) return false;
      asked.current += 1;
      const mine = asked.current;
      const answer = await callApi(api, call, signal);
      if (signal.aborted || mine !== asked.current) return false;
      if (answer.state !== 'ready') {
        setTrouble(answer);
        setTroubles((count) => count + 1);
        return false;
      }
      setConnection(answer.value);
      setTrouble(undefined);
      setTroubles(0);
      return true;
    },
    [api],
  );

  useEffect(() => {
    leaving.current = new AbortController();
    setConnection(undefined);
    setTrouble(undefined);
    setTroubles(0);
    const stopHearing = hearTabs(({ what, homeAccountId }) => {
      if (what === 'connection-changed' && homeAccountId === api.account.homeAccountId) {
        void ask(getConnection);
      }
    });
    return () => {
      stopHearing();
      leaving.current.abort();
    };
  }, [api, ask]);

  useEffect(() => {
    if (connection === undefined && trouble === undefined) return undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const plan = () => {
      clearTimeout(timer);
      if (document.visibilityState === 'hidden') return;
      timer = setTimeout(() => void ask(getConnection), msToNextAsk(connection, troubles, new Date()));
    };
    const onVisible = () => {
      // Whoever comes back to the tab sees what is, not what was.
      if (document.visibilityState === 'visible') void ask(getConnection);
      plan();
    };
    plan();
    document.addEventListener('visibilitychange', onVisible);
    addEventListener('online', onVisible);
    return () => {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', onVisible);
      removeEventListener('online', onVisible);
    };
  }, [ask, connection, trouble, troubles]);

  const change = async (call: Call<Connection>): Promise<boolean> => {
    changing.current = true;
    const done = await ask(call).finally(() => {
      changing.current = false;
    });
    if (done) tellTabs({ what: 'connection-changed', homeAccountId: api.account.homeAccountId });
    return done;
  };
  return {
    connection,
    trouble,
    refresh: useCallback(() => ask(getConnection), [ask]),
    disconnect: () => change(deleteConnection),
    connect: () => change(putConnection),
  };
}
