import type { Fetch } from '../api.ts';
import type { Clock } from '../clock.ts';
import { isLoopback } from '../isLoopback.ts';
import { nameOfError } from '../log.ts';
import type { CallForRun, Operation, Services } from '../ports.ts';

/** The part of the visits in keeping the worker alive, as far as this process remembers it. */
export type Heartbeat = {
  /** Whether the caller must call `beat` now: true at most once a minute, and never if nobody can be called. */
  isDue(): boolean;
  /**
   * Reads when the last run of the worker ended. If that is long ago, calls for a run and does not wait for it. It never
   * rejects.
   */
  beat(operation: Operation): Promise<void>;
};

const BEAT_EVERY_MS = 60_000;
/** A run takes a minute at most, and the timer begins one each minute. The alert begins after the same time. */
const SILENT_MS = 5 * 60_000;
/** For the way to the other instance, and for clocks that differ a little. */
const TICKET_MS = 2 * 60_000;
/** A run answers when it is over. */
const CALL_TIMEOUT_MS = 120_000;

/** Where this deployment can be called is not known, or no ticket may go there. */
export class NoAddressError extends Error {
  override readonly name = 'NoAddressError';
  /** What to set. It is logged. */
  readonly remedy: string;

  constructor(reason: string) {
    const remedy = `No run of the worker has ended for some minutes, and visits cannot call for one, because ${reason}. Set WEBSITE_HOSTNAME to the name of this app's own host, such as app.example, or give createStead a runUrl.`;
    super(remedy);
    this.remedy = remedy;
  }
}

export function createHeartbeat(
  services: Pick<Services, 'sharedState' | 'linkSealer' | 'callForRun' | 'clock'>,
): Heartbeat {
  const { sharedState, linkSealer, callForRun, clock } = services;
  let nextAt = Number.NEGATIVE_INFINITY;
  /** What became of the last call: its visit had its answer by then, so the next one tells of it. */
  let failed: string | undefined;
  /** Only who sets this process up can mend it, so it is said once. */
  let hasSaidNoAddress = false;

  async function silentForMs(operation: Operation): Promise<number> {
    // A new deployment has five minutes for its first run. The store counts them, because a process may not live for so long.
    const since = await sharedState.silentSince(operation.signal);
    // A clock that was wrong may have left a time that is far ahead.
    return Math.abs(clock.now().getTime() - since.getTime());
  }

  async function callWithTicket(send: CallForRun): Promise<void> {
    const until = clock.now().getTime() + TICKET_MS;
    const ticket = await linkSealer.seal('run', { until });
    failed = undefined;
    send(ticket).then(
      (status) => {
        if (status !== 200) failed = `http_${status}`;
      },
      (error) => {
        failed = nameOfError(error);
      },
    );
  }

  return {
    isDue() {
      const now = clock.elapsed();
      if (callForRun === undefined || now < nextAt) return false;
      nextAt = now + BEAT_EVERY_MS;
      return true;
    },

    async beat(operation) {
      try {
        const ms = await silentForMs(operation);
        if (callForRun === undefined || ms < SILENT_MS) return;
        const before = failed;
        await callWithTicket(callForRun);
        operation.log({ event: 'worker.silent', ms, ...(before !== undefined && { error: before }) });
      } catch (error) {
        if (error instanceof NoAddressError) {
          if (!hasSaidNoAddress) operation.log({ event: 'worker.no-address', remedy: error.remedy });
          hasSaidNoAddress = true;
          return;
        }
        operation.log({ event: 'sweep.last-run-not-read', error: nameOfError(error) });
      }
    },
  };
}

/** Whether the content of an opened ticket is one that a visit has made just now. */
export const isFreshTicket = ({ until }: Readonly<Record<string, unknown>>, now: Date): boolean =>
  // A clock that is ahead may seal a ticket that lasts longer. It is no ticket.
  typeof until === 'number' && until >= now.getTime() && until <= now.getTime() + 2 * TICKET_MS;

/**
 * Calls `POST /api/worker/run` of this deployment, with a ticket in place of an access token. It throws a {@link NoAddressError} at
 * once if it cannot call, and rejects if the call fails.
 * @param url gives its address; undefined if that is not known
 */
export function createCallForRun(
  url: () => string | undefined,
  { fetch, clock }: { fetch: Fetch; clock: Clock },
): CallForRun {
  async function call(address: URL, ticket: string): Promise<number> {
    const answer = await fetch(address.href, {
      method: 'POST',
      headers: { authorization: `Run ${ticket}` },
      redirect: 'error',
      signal: clock.timeout(CALL_TIMEOUT_MS),
    });
    await answer.body?.cancel();
    return answer.status;
  }
  return (ticket) => call(addressOf(url()), ticket);
}

function addressOf(url: string | undefined): URL {
  if (url === undefined || url === '') throw new NoAddressError('this app does not know its own address');
  if (!URL.canParse(url)) throw new NoAddressError('what it takes for its own address is no URL');
  const address = new URL(url);
  // A ticket is worth one run, but whoever listens could ask for one again and again.
  if (address.protocol !== 'https:' && !isLoopback(address)) {
    throw new NoAddressError('its own address is not https');
  }
  return address;
}
