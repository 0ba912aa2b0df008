import { useRef, useState } from 'react';
import type { Connection } from '../../shared/wire.ts';
import { DisconnectDialog } from './DisconnectDialog.tsx';
import { STATES } from './eventText.ts';
import { NextLook } from './NextLook.tsx';
import { Progress } from './Progress.tsx';
import { RefusalNotice } from './RefusalNotice.tsx';
import { Timeline } from './Timeline.tsx';
import type { ConnectionState } from './useConnection.ts';
import type { SignInRefusal } from './useSignIn.ts';

type ConnectionPanelProps = {
  state: ConnectionState;
  /** Disconnected, and the person wants Stead back. */
  reconnect: () => Promise<void>;
  signInAgain: (refusal: SignInRefusal) => void;
};

/** What Stead does while the person is away, and the person's say in it. */
export function ConnectionPanel({ state, reconnect, signInAgain }: ConnectionPanelProps) {
  const { connection, trouble, refresh, disconnect } = state;
  const [asking, setAsking] = useState(false);
  const [doing, setDoing] = useState<string>();
  const panel = useRef<HTMLElement>(null);

  const run = async (what: string, work: () => Promise<unknown>) => {
    // The button that was pressed goes away; the keyboard's place must not.
    panel.current?.focus();
    setDoing(what);
    await work();
    setDoing(undefined);
  };

  const loading = connection === undefined && trouble === undefined;
  return (
    <section ref={panel} tabIndex={-1} aria-labelledby="away-title">
      {connection === undefined && trouble !== undefined && (
        <RefusalNotice
          refusal={trouble}
          tryAgain={() => void run('Reading what happened…', refresh)}
          signInAgain={signInAgain}
        />
      )}
      <article className="away" hidden={connection === undefined && trouble !== undefined}>
        <header>
          <h2 id="away-title">While you were away</h2>
          {connection && (
            <span className="badge" data-tone={STATES[connection.state].tone}>
              {STATES[connection.state].name}
            </span>
          )}
        </header>
        <Progress
          doing={doing ?? (loading ? 'Reading what happened…' : undefined)}
          done={connection && `Your connection: ${STATES[connection.state].name}.`}
        />
        {connection && (
          <Shown connection={connection} outdated={trouble !== undefined} refresh={() => void refresh()} />
        )}
        {connection && (
          <footer className="actions">
            {connection.state === 'disconnected' ? (
              <button
                type="button"
                disabled={doing !== undefined}
                onClick={() => void run('Connecting…', reconnect)}
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
          disconnect={() => void run('Disconnecting…', disconnect)}
        />
      )}
    </section>
  );
}

type ShownProps = { connection: Connection; outdated: boolean; refresh: () => void };

function Shown({ connection, outdated, refresh }: ShownProps) {
  return (
    <>
      <p className="state">{STATES[connection.state].text}</p>
      {connection.nextLook !== undefined && <NextLook at={connection.nextLook} />}
      {outdated && (
        <p className="outdated" role="status">
          This may be out of date: the service did not answer.{' '}
          <button type="button" className="link" onClick={refresh}>
            Ask again
          </button>
        </p>
      )}
      {connection.state !== 'disconnected' && <Timeline connection={connection} />}
    </>
  );
}
