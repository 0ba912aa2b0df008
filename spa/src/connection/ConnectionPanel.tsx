import { useEffect, useRef, useState } from 'react';
import { RefusalNotice, type RefusalNoticeProps } from '../api/RefusalNotice.tsx';
import { Progress } from '../ui/Progress.tsx';
import { ConnectionSummary } from './ConnectionSummary.tsx';
import { STATE_TEXT } from './connectionText.ts';
import { DisconnectDialog } from './DisconnectDialog.tsx';
import type { ConnectionState } from './useConnection.ts';

type ConnectionPanelProps = {
  state: ConnectionState;
  /** Disconnected, and the person wants Stead back; answers whether that was done. */
  reconnect: () => Promise<boolean>;
} & Pick<RefusalNoticeProps, 'api' | 'mend' | 'nextStep' | 'failed'>;

/** What Stead does while the person is away, and the person's say in it. */
export function ConnectionPanel({ state, reconnect, ...props }: ConnectionPanelProps) {
  const { connection, trouble, refresh, disconnect } = state;
  const [asking, setAsking] = useState(false);
  const [doing, setDoing] = useState<string>();
  const [failed, setFailed] = useState<string>();
  const panel = useRef<HTMLElement>(null);

  const run = async (what: string, work: () => Promise<boolean>, ifNot?: string) => {
    // The button that was pressed goes away; the keyboard's place must not.
    panel.current?.focus();
    setDoing(what);
    setFailed((await work()) ? undefined : ifNot);
    setDoing(undefined);
  };

  // What could not be done is over once the service answers again: the connection says how it stands.
  useEffect(() => {
    if (trouble === undefined) setFailed(undefined);
  }, [trouble]);

  const loading = connection === undefined && trouble === undefined;
  const signedOff = trouble?.state === 'sign-in';
  return (
    <section ref={panel} tabIndex={-1} aria-labelledby="away-title">
      {trouble !== undefined && (connection === undefined || signedOff) && (
        <RefusalNotice
          {...props}
          refusal={trouble}
          tryAgain={() => void run('Reading what happened…', refresh)}
        />
      )}
      <article className="away" hidden={connection === undefined && trouble !== undefined}>
        <header>
          <h2 id="away-title">While you were away</h2>
          {connection && (
            <span className="badge" data-tone={STATE_TEXT[connection.state].tone}>
              {STATE_TEXT[connection.state].name}
            </span>
          )}
        </header>
        <Progress
          doing={doing ?? (loading ? 'Reading what happened…' : undefined)}
          done={connection && `Your connection: ${STATE_TEXT[connection.state].name}.`}
        />
        {connection && (
          <ConnectionSummary
            connection={connection}
            outdated={trouble !== undefined && !signedOff}
            failed={failed}
            refresh={() => void run('Reading what happened…', refresh)}
          />
        )}
        {connection && (
          <footer className="actions">
            {connection.state === 'disconnected' ? (
              <button
                type="button"
                disabled={doing !== undefined}
                onClick={() => void run('Connecting…', reconnect, 'You are not connected')}
              >
                Reconnect
              </button>
            ) : (
              connection.state !== 'none' && (
                <button
                  type="button"
                  className="secondary outline"
                  disabled={doing !== undefined}
                  onClick={() => setAsking(true)}
                >
                  Disconnect…
                </button>
              )
            )}
          </footer>
        )}
      </article>
      {asking && (
        <DisconnectDialog
          close={() => setAsking(false)}
          disconnect={() => void run('Disconnecting…', disconnect, 'You may not be disconnected')}
        />
      )}
    </section>
  );
}
