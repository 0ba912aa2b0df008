import { useState } from 'react';
import type { Connection, Profile } from '../../../shared/wire.ts';
import type { Api } from '../api/useApi.ts';
import { useSpeech } from '../words/speech.tsx';
import { needsPerson, type PageState } from './pageState.ts';
import { StopDialog } from './StopDialog.tsx';
import { saveKept } from './saveKept.ts';
import type { ConnectionState } from './useConnection.ts';
import { useLink } from './useLink.ts';
import type { Work } from './useWork.ts';

const DAY_MS = 86_400_000;

type ChoicesPanelProps = {
  api: Api;
  connection: Connection;
  state: PageState;
  /** Undefined if it is not here. */
  profile: Profile | undefined;
  actions: Pick<ConnectionState, 'disconnect' | 'pause' | 'resume'>;
  /** Connects a person who is not connected; resolves to whether that was done. */
  start: () => Promise<boolean>;
  work: Work;
  /** True if a link would help, and the page does not offer one elsewhere. */
  canLink: boolean;
};

/** What the person has allowed, and what they can decide. */
export function ChoicesPanel({
  api,
  connection,
  state,
  profile,
  actions,
  start,
  work,
  canLink,
}: ChoicesPanelProps) {
  const { words } = useSpeech();
  const { choices, doing, regions } = words;
  const [confirming, setConfirming] = useState(false);
  const disabled = work.doing !== undefined;
  const isConnected = ['pending', 'active', 'needs-user'].includes(connection.state);
  // A pause changes nothing while the person is needed, and its end would start nothing.
  const canPause = isConnected && connection.state !== 'needs-user' && !needsPerson(state);
  const pauseFor = (days: number) =>
    void work.run(
      doing.pausing,
      () => actions.pause(new Date(Date.now() + days * DAY_MS)),
      doing.pauseFailed,
    );
  const button = { type: 'button', className: 'secondary outline', disabled } as const;
  return (
    <section aria-labelledby="choices-title">
      <article className="choices">
        <h2 id="choices-title">{regions.choices}</h2>
        {/* What was allowed last says nothing if a permission is missing now. */}
        {isConnected && connection.failure?.kind !== 'consent' && (
          <Permissions permissions={connection.permissions ?? {}} />
        )}
        <div className="actions">
          {canPause && connection.tasksPausedUntil === undefined && (
            <>
              <button {...button} onClick={() => pauseFor(1)}>
                {choices.pauseDay}
              </button>
              <button {...button} onClick={() => pauseFor(7)}>
                {choices.pauseWeek}
              </button>
            </>
          )}
          {canPause && connection.tasksPausedUntil !== undefined && (
            <button
              type="button"
              disabled={disabled}
              onClick={() => void work.run(doing.resuming, actions.resume, doing.resumeFailed)}
            >
              {choices.resume}
            </button>
          )}
          {(connection.state === 'disconnected' || connection.state === 'not-connected') && (
            <button
              type="button"
              disabled={disabled}
              onClick={() => void work.run(doing.starting, start, doing.startFailed)}
            >
              {connection.state === 'disconnected' ? choices.startAgain : choices.start}
            </button>
          )}
          {isConnected && (
            <button {...button} onClick={() => setConfirming(true)}>
              {choices.stop}
            </button>
          )}
        </div>
        {canLink && <LaterLink api={api} />}
        {isConnected && (
          <div className="download">
            <button type="button" className="link" onClick={() => saveKept(words, connection, profile)}>
              {choices.download}
            </button>
            <p className="small-print">{choices.downloadText}</p>
          </div>
        )}
      </article>
      {confirming && (
        <StopDialog
          close={() => setConfirming(false)}
          stop={() => void work.run(doing.stopping, actions.disconnect, doing.stopFailed)}
        />
      )}
    </section>
  );
}

/** For whoever said "Not now" to the offer, and wants it after all. */
function LaterLink({ api }: { api: Api }) {
  const { stay } = useSpeech().words;
  const { busy, failed, open } = useLink(api);
  return (
    <div className="download">
      <button type="button" className="link" aria-busy={busy} disabled={busy} onClick={() => void open()}>
        {stay.later}
      </button>
      {failed !== undefined && <p role="alert">{failed}</p>}
    </div>
  );
}

function Permissions({ permissions }: Required<Pick<Connection, 'permissions'>>) {
  const { choices } = useSpeech().words;
  const names = [...new Set(Object.values(permissions).flat())];
  const known = (name: string) =>
    Object.hasOwn(choices.permissions, name) ? choices.permissions[name] : undefined;
  if (names.length === 0) return null;
  return (
    <>
      <h3>{choices.allowed}</h3>
      <ul className="permissions">
        {names.map((name) => (
          <li key={name}>{known(name) ?? choices.permission(name)}</li>
        ))}
      </ul>
    </>
  );
}
