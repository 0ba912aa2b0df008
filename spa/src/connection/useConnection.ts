import { useCallback, useEffect, useRef, useState } from 'react';
import type { Connection } from '../../../shared/wire.ts';
import { type Call, callApi, readJson } from '../api/callApi.ts';
import type { Refusal } from '../api/refusal.ts';
import type { Api } from '../api/useApi.ts';
import { hearTabs, tellTabs } from '../session/tabs.ts';
import { STATE_TEXT } from './connectionText.ts';
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
};

const getConnection: Call<Connection> = { path: 'connection', read: readJson(isConnection) };
const putConnection: Call<Connection> = { ...getConnection, method: 'PUT' };
const deleteConnection: Call<Connection> = {
  path: 'connection',
  method: 'DELETE',
  read: async () => ({ state: 'disconnected', history: [] }),
};

function isConnection(body: unknown): body is Connection {
  return (
    typeof body === 'object' &&
    body !== null &&
    'state' in body &&
    // A newer service may know more states than this page.
    Object.hasOwn(STATE_TEXT, String(body.state)) &&
    'history' in body &&
    Array.isArray(body.history)
  );
}

/** The user's connection, kept up to date while the page is visible. */
export function useConnection(api: Api): ConnectionState {
  const [connection, setConnection] = useState<Connection>();
  const [trouble, setTrouble] = useState<Refusal>();
  const [failures, setFailures] = useState(0);
  const leaving = useRef(new AbortController());
  /** The number of the newest request. The answer of an older one is ignored. */
  const newest = useRef(0);
  /** True while the person disconnects or connects. A read in between would take the place of that answer. */
  const changing = useRef(false);

  const ask = useCallback(
    async (call: Call<Connection>): Promise<boolean> => {
      const { signal } = leaving.current;
      if (changing.current && call === getConnection) return false;
      newest.current += 1;
      const mine = newest.current;
      const answer = await callApi(api, call, signal);
      if (signal.aborted || mine !== newest.current) return false;
      if (answer.state !== 'ready') {
        setTrouble(answer);
        setFailures((count) => count + 1);
        return false;
      }
      setConnection(answer.value);
      setTrouble(undefined);
      setFailures(0);
      return true;
    },
    [api],
  );
  const refresh = useCallback(() => ask(getConnection), [ask]);

  useEffect(() => {
    leaving.current = new AbortController();
    setConnection(undefined);
    setTrouble(undefined);
    setFailures(0);
    const stopHearing = hearTabs(({ what, homeAccountId }) => {
      if (what === 'connection-changed' && homeAccountId === api.account.homeAccountId) void refresh();
    });
    return () => {
      stopHearing();
      leaving.current.abort();
    };
  }, [api, refresh]);
  usePolling(refresh, connection, failures);

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
    refresh,
    disconnect: () => change(deleteConnection),
    connect: () => change(putConnection),
  };
}
