import { sleep } from '../clock.ts';
import type { Run } from './run.ts';

const PAUSE_MS = 1_000;

/**
 * Waits for a moment before the next account is leased, if a store has just asked for fewer requests. Every shard of the run waits
 * by itself, for a time of its own.
 */
export async function easeOff(run: Run): Promise<void> {
  const { app, operation } = run;
  if (!app.accounts.isBusy?.() && !app.tokenCache.isBusy?.()) return;
  if (!run.busyLogged) operation.log({ event: 'sweep.storage-busy' });
  run.busyLogged = true;
  // The end of the run ends the wait, too. Whoever pulls next finds out that it has ended.
  await sleep(app.clock, PAUSE_MS * (1 + app.clock.random()), operation.signal).catch(() => undefined);
}
