import { absoluteText } from '../ui/times.ts';

const DAY_MS = 86_400_000;
const PAUSES = [
  { name: 'a day', days: 1 },
  { name: 'a week', days: 7 },
];

type PauseControlProps = {
  /** Until when the tasks rest; undefined if they do not. */
  until: string | undefined;
  disabled: boolean;
  pause: (until: Date) => void;
  resume: () => void;
};

/** Lets the person's tasks rest, and says until when they do. */
export function PauseControl({ until, disabled, pause, resume }: PauseControlProps) {
  if (until !== undefined) {
    return (
      <p className="pause">
        Your tasks are paused until <time dateTime={until}>{absoluteText(new Date(until))}</time>. Your
        connection is kept.{' '}
        <button type="button" className="link" disabled={disabled} onClick={resume}>
          Resume
        </button>
      </p>
    );
  }
  return PAUSES.map(({ name, days }) => (
    <button
      key={name}
      type="button"
      className="secondary outline"
      disabled={disabled}
      onClick={() => pause(new Date(Date.now() + days * DAY_MS))}
    >
      Pause tasks for {name}
    </button>
  ));
}
