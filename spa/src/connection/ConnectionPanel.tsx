import { useEffect, useRef, useState } from 'react';
import type { Connection } from '../../../shared/wire.ts';
import { RefusalNotice, type RefusalNoticeProps } from '../api/RefusalNotice.tsx';
import { Progress } from '../ui/Progress.tsx';
import { ConnectionSummary } from './ConnectionSummary.tsx';
import { isConnected, STATE_TEXT } from './connectionText.ts';
import { DisconnectDialog } from './DisconnectDialog.tsx';
import { PauseControl } from './PauseControl.tsx';
import type { ConnectionState } from './useConnection.ts';

type ConnectionPanelProps = {
  state: ConnectionState;
  /** Connects a person who is not connected; resolves to whether that was done. */
  reconnect: () => Promise<boolean>;
} & Pick<RefusalNoticeProps, 'api' | 'repair' | 'nextStep' | 'failedSignIn'>;

/** What Stead does while the person is away, with the buttons to connect and to disconnect. */
export function ConnectionPanel({ state, reconnect, ...props }: ConnectionPanelProps) {
  const { connection, trouble, refresh, disconnect, pause, resume } = state;
  const [confirming, setConfirming] = useState(false);
  const [doing, setDoing] = useState<string>();
  const [failed, setFailed] = useState<string>();
  const panel = useRef<HTMLElement>(null);

  const run = async (what: string, work: () => Promise<boolean>, failure?: string) => {
    // The button may disappear, so the panel takes the focus: the keyboard must not start at the top again.
    panel.current?.focus();
    setDoing(what);
    setFailed((await work()) ? undefined : failure);
    setDoing(undefined);
  };

  // When the service answers again, the state of the connection says whether the change was made.
  useEffect(() => {
    if (trouble === undefined) setFailed(undefined);
  }, [trouble]);

  const loading = connection === undefined && trouble === undefined;
  const signInEnded = trouble?.state === 'sign-in';
  return (
    <section ref={panel} tabIndex={-1} aria-labelledby="away-title">
      {trouble !== undefined && (connection === undefined || signInEnded) && (
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
          done={connection && doneText(connection)}
        />
        {connection && (
          <ConnectionSummary
            connection={connection}
            outdated={trouble !== undefined && !signInEnded}
            failed={failed}
            refresh={() => void run('Reading what happened…', refresh)}
          />
        )}
        {connection && (
          <footer className="actions">
            {connection.state === 'disconnected' || connection.state === 'not-connected' ? (
              <button
                type="button"
                disabled={doing !== undefined}
                onClick={() => void run('Connecting…', reconnect, 'You are not connected')}
              >
                {connection.state === 'disconnected' ? 'Reconnect' : 'Connect'}
              </button>
            ) : (
              isConnected(connection) && (
                <>
                  <PauseControl
                    until={connection.tasksPausedUntil}
                    disabled={doing !== undefined}
                    pause={(until) =>
                      void run('Pausing…', () => pause(until), 'Your tasks may not be paused')
                    }
                    resume={() => void run('Resuming…', resume, 'Your tasks may still be paused')}
                  />
                  <button
                    type="button"
                    className="secondary outline"
                    disabled={doing !== undefined}
                    onClick={() => setConfirming(true)}
                  >
                    Disconnect…
                  </button>
                </>
              )
            )}
          </footer>
        )}
      </article>
      {confirming && (
        <DisconnectDialog
          close={() => setConfirming(false)}
          disconnect={() => void run('Disconnecting…', disconnect, 'You may still be connected')}
        />
      )}
    </section>
  );
}

function doneText({ state, tasksPausedUntil }: Connection): string {
  const paused = tasksPausedUntil === undefined ? '' : ' Your tasks are paused.';
  return `Your connection: ${STATE_TEXT[state].name}.${paused}`;
}
