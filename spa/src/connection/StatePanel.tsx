import { type RefObject, useState } from 'react';
import type { Connection, ConnectionTask } from '../../../shared/wire.ts';
import { RefusalNotice, type RefusalNoticeProps } from '../api/RefusalNotice.tsx';
import { Mark, type Shape } from '../ui/Mark.tsx';
import { type Detail, Details } from '../ui/Notice.tsx';
import { Progress } from '../ui/Progress.tsx';
import { useSpeech } from '../words/speech.tsx';
import { useNow } from '../words/useNow.ts';
import { type PageState, toneOf } from './pageState.ts';
import { stateText, stoppedText, taskTitle } from './stateText.ts';
import type { Work } from './useWork.ts';

type StatePanelProps = {
  panel: RefObject<HTMLElement | null>;
  state: PageState;
  connection: Connection | undefined;
  /** When the person was here last; undefined if they were not. */
  visitedAt: string | undefined;
  /** True if a later request failed, so that the connection may have changed. */
  outdated: boolean;
  work: Work;
  refresh: () => Promise<boolean>;
  /** Puts right what stopped the service, or finds that it was put right meanwhile. */
  restart: () => Promise<void>;
} & Pick<RefusalNoticeProps, 'api' | 'repair' | 'nextStep' | 'failedSignIn' | 'tryAgain'>;

/** Is it working, what did it do, and does the person have to do anything? */
export function StatePanel({ panel, state, connection, work, ...props }: StatePanelProps) {
  const speech = useSpeech();
  const { words, times } = speech;
  const now = useNow(30_000);
  const isLoading = state.name === 'loading' && !state.settling;
  return (
    <section ref={panel} tabIndex={-1} aria-label={words.regions.state} className="state-panel">
      <Progress
        doing={work.doing ?? (isLoading ? words.state.reading : undefined)}
        done={connection && doneText()}
      />
      {state.name === 'sign-in' || state.name === 'refused' ? (
        <RefusalNotice {...props} refusal={state.refusal} stopped={stopped()} />
      ) : (
        state.name !== 'loading' &&
        connection && (
          // The whole is replaced, so that an alert is heard once, and a quiet state never as a part of one.
          <Headline {...props} key={state.name} state={state} connection={connection} now={now} work={work} />
        )
      )}
    </section>
  );

  function stopped(): string | undefined {
    if (connection === undefined || state.name !== 'sign-in' || state.stoppedAt === undefined)
      return undefined;
    const consent = state.refusal.code === 'CONSENT_REQUIRED';
    const since = words.state.stopped(times.when(new Date(state.stoppedAt), now));
    return `${since}. ${stoppedText(speech, consent, connection, now)}`;
  }

  /** What screen readers hear when the state has changed. An alert speaks for itself. */
  function doneText(): string | undefined {
    if (connection === undefined) return undefined;
    if (state.name === 'sign-in' || state.name === 'refused' || state.name === 'loading') return undefined;
    if (toneOf(state) === 'bad') return undefined;
    return stateText(speech, state, connection, props.visitedAt, now).title;
  }
}

type HeadlineProps = Pick<StatePanelProps, 'visitedAt' | 'outdated' | 'work' | 'refresh' | 'restart'> & {
  state: Exclude<PageState, { name: 'sign-in' | 'refused' | 'loading' }>;
  connection: Connection;
  now: Date;
};

function Headline({ state, connection, now, visitedAt, outdated, work, refresh, restart }: HeadlineProps) {
  const speech = useSpeech();
  const { words } = speech;
  const { title, text } = stateText(speech, state, connection, visitedAt, now);
  const tone = toneOf(state);
  return (
    <article className="state" data-tone={tone} data-state={state.name}>
      <div className="headline" role={tone === 'bad' ? 'alert' : undefined}>
        <Mark shape={shapeOf(state)} />
        <h2>{title}</h2>
        {text !== undefined && state.name !== 'partly' && <p>{text}</p>}
      </div>
      {state.name === 'partly' && (
        <div className="failing">
          <FailingTasks
            text={words.state.partlyConsent}
            tasks={state.tasks.filter(({ kind }) => kind === 'consent')}
          />
          <FailingTasks
            text={words.state.partlyUser}
            tasks={state.tasks.filter(({ kind }) => kind === 'needs-user')}
          />
          <FailingTasks
            text={words.state.partlyText}
            tasks={state.tasks.filter(({ kind }) => kind !== 'consent' && kind !== 'needs-user')}
          />
          {/* What is wrong comes before what goes on all the same. */}
          <p className="promise">{text}</p>
        </div>
      )}
      {state.name === 'stopped' && (
        <RestartButton label={state.consent ? words.givePermission : words.signInAgain} restart={restart} />
      )}
      {state.name === 'none' && <RestartButton label={words.choices.start} restart={restart} />}
      {outdated && (
        <p className="outdated" role={work.failed === undefined ? 'status' : 'alert'}>
          {work.failed ?? words.state.outdated}{' '}
          <button type="button" className="link" onClick={() => void work.run(words.state.reading, refresh)}>
            {words.state.askAgain}
          </button>
        </p>
      )}
      <StateDetails state={state} />
    </article>
  );
}

/** Tasks that failed alike, and what comes next. Nothing if there are none. */
function FailingTasks({ text, tasks }: { text: string; tasks: readonly ConnectionTask[] }) {
  const speech = useSpeech();
  return (
    tasks.length > 0 && (
      <>
        <p>{text}</p>
        <ul>
          {tasks.map((task) => (
            <li key={task.task} dir="auto">
              {taskTitle(speech, task)}
            </li>
          ))}
        </ul>
      </>
    )
  );
}

function RestartButton({ label, restart }: { label: string; restart: () => Promise<void> }) {
  const [busy, setBusy] = useState(false);
  const onClick = async () => {
    setBusy(true);
    await restart();
    setBusy(false);
  };
  return (
    <button type="button" aria-busy={busy} disabled={busy} onClick={() => void onClick()}>
      {label}
    </button>
  );
}

function StateDetails({ state }: { state: PageState }) {
  const details: Detail[] =
    'failure' in state && state.failure !== undefined
      ? [
          { name: 'code', value: state.failure.code },
          { name: 'time', value: state.failure.at },
        ]
      : state.name === 'partly'
        ? [
            {
              name: 'code',
              value: state.tasks.map(({ task, code }) => `${task} ${code ?? ''}`.trim()).join(', '),
            },
          ]
        : [];
  return details.length > 0 && <Details details={details} />;
}

function shapeOf(state: HeadlineProps['state']): Shape {
  const tone = toneOf(state);
  if (tone !== 'quiet') return tone;
  switch (state.name) {
    case 'starting':
    case 'waiting':
    case 'partly':
      return 'wait';
    case 'paused':
      return 'pause';
    default:
      return 'off';
  }
}
