import { partsOf, type UserId } from '../userId.ts';
import type { Run } from './run.ts';

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
    (await withoutSlot(run, () => pace.wait(tid, { forMs, isUrgent: false, signal: operation.signal })));
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
  const comes = await withoutSlot(run, () =>
    pace.wait(tid, { forMs, isUrgent: true, signal: operation.signal }),
  );
  if (!comes) throw new NoTurnError(pace.leave(tid));
}

async function withoutSlot<T>({ slots }: Run, wait: () => Promise<T>): Promise<T> {
  slots.free();
  try {
    return await wait();
  } finally {
    await slots.take();
  }
}
