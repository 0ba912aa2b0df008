import type { Connection } from '../../../shared/wire.ts';
import { clockText, relativeText, useNow } from '../ui/times.ts';
import { isConnected, STATE_TEXT } from './connectionText.ts';
import { Timeline } from './Timeline.tsx';

type ConnectionSummaryProps = {
  connection: Connection;
  /** True if a later request failed, so that the connection may have changed. */
  outdated: boolean;
  /** What may be wrong because the person's change failed, as the beginning of a sentence; undefined if none failed. */
  failed: string | undefined;
  refresh: () => void;
};

/** The state of the connection in words, the next check, and what happened. */
export function ConnectionSummary({ connection, outdated, failed, refresh }: ConnectionSummaryProps) {
  return (
    <>
      <p className="state">{STATE_TEXT[connection.state].text}</p>
      {connection.staysConnected !== undefined && <StaysConnected until={connection.staysConnected.until} />}
      {connection.nextCheckAt !== undefined && <NextCheck at={connection.nextCheckAt} />}
      {outdated && (
        <p className="outdated" role={failed === undefined ? 'status' : 'alert'}>
          {failed ?? 'This may be out of date'}: the service did not answer.{' '}
          <button type="button" className="link" onClick={refresh}>
            Ask again
          </button>
        </p>
      )}
      {isConnected(connection) && <Timeline connection={connection} />}
    </>
  );
}

/** How long the connection goes on by itself, if the person has linked it. */
function StaysConnected({ until }: { until: string }) {
  const now = useNow(60_000);
  const days = Math.floor((Date.parse(until) - now.getTime()) / 86_400_000);
  return (
    <p className="stays-connected">
      {days > 1
        ? `Goes on for about ${days} days, also if you do not come back.`
        : `Goes on until ${clockText(new Date(until), now)}, also if you do not come back.`}
    </p>
  );
}

/** The countdown is hidden from screen readers: one that spoke every second would drown everything else. */
function NextCheck({ at }: { at: string }) {
  const now = useNow(1_000);
  const time = new Date(at);
  return (
    <p className="next-check">
      Next check at <time dateTime={at}>{clockText(time, now)}</time>
      <span aria-hidden="true"> · {time <= now ? 'any moment now' : relativeText(time, now)}</span>
    </p>
  );
}
