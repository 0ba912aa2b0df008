import { partsOf, type UserId } from '../userId.ts';
import { endIfOver, type Run } from './run.ts';

/** With 16 slots a line of 512 is the turns of a whole run at ten requests a second. */
const IN_LINE_PER_SLOT = 32;

/** The turn of a check does not come within this run. The check is not a failure, and comes back then. */
export class NoTurnError extends Error {
  override readonly name = 'NoTurnError';
  readonly waitMs: number;

  constructor(waitMs: number) {
    super('The tenant has no turn within this run.');
    this.waitMs = waitMs;
  }
}

/**
 * Waits until the run may send a request to the token endpoint for this user's tenant. A check that waits has no slot, so
 * checks of other tenants go on meanwhile.
 * @throws {NoTurnError} the turn does not come within this run. It is left to a later one.
 */
export async function waitForTurn(run: Run, userId: UserId): Promise<void> {
  const { app, pace, limits, begunAt, operation } = run;
  const { tid } = partsOf(userId);
  if (pace.take(tid)) return;
  const forMs = limits.runForMs - (app.clock.now().getTime() - begunAt.getTime());
  const comes =
    pace.waitMs(tid) < forMs &&
    (await inLine(run, () => pace.wait(tid, { forMs, isUrgent: false, signal: operation.signal })));
  if (!comes) throw new NoTurnError(pace.leave(tid));
}

/**
 * Like `waitForTurn`, for one more token of a user whose check has one already. It goes first, and ends with the run: what a
 * check has begun is not put off.
 */
export async function waitForNextTurn(run: Run, userId: UserId): Promise<void> {
  const { pace, limits, operation } = run;
  const { tid } = partsOf(userId);
  if (pace.take(tid)) return;
  const forMs = limits.endAfterMs;
  const comes = await inLine(run, () => pace.wait(tid, { forMs, isUrgent: true, signal: operation.signal }));
  if (!comes) throw new NoTurnError(pace.leave(tid));
}

/**
 * Waits, before the next account is leased, while the line is so long that more checks would only fill the memory. Each check in
 * it holds a lease, a cache and a client of MSAL.
 */
export async function waitForRoom(run: Run): Promise<void> {
  const { line, limits } = run;
  // The line never stands still: a turn comes, or the time of whoever waits is over.
  while (line.waiting >= IN_LINE_PER_SLOT * limits.concurrency && !endIfOver(run)) {
    await withoutSlot(run, () => line.nextLeaves.promise);
  }
}

async function inLine<T>(run: Run, wait: () => Promise<T>): Promise<T> {
  const { line } = run;
  line.waiting += 1;
  try {
    return await withoutSlot(run, wait);
  } finally {
    line.waiting -= 1;
    line.nextLeaves.resolve(undefined);
    line.nextLeaves = Promise.withResolvers();
  }
}

async function withoutSlot<T>({ slots }: Run, wait: () => Promise<T>): Promise<T> {
  slots.free();
  try {
    return await wait();
  } finally {
    await slots.take();
  }
}
