import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startUpstreams } from '../upstreams/startUpstreams.ts';
import type { Counts, Latencies } from '../upstreams/upstreamsProcess.ts';
import type { SweepOrder, Swept } from './sweepProcess.ts';

const PROCESS = fileURLToPath(new URL('./sweepProcess.ts', import.meta.url));
/** Those of the benchmark `worker`. */
export const LATENCIES: Latencies = { storageMs: 5, tokenMs: 50, apiMs: 20 };

export type Measured = Swept & { counts: Counts };

/**
 * One run over due users, in a process of its own.
 * @throws Error not every user was refreshed, or anything was amiss: that is no measurement.
 */
export async function measureSweep(
  what: Omit<SweepOrder, 'settings'>,
  latencies: Latencies = LATENCIES,
): Promise<Measured> {
  const { users } = what;
  const upstreams = await startUpstreams();
  const child = fork(PROCESS);
  try {
    const order: SweepOrder = { ...what, settings: upstreams.settings };
    child.send(order);
    await Promise.race([once(child, 'message'), endOf(child)]);
    await upstreams.setLatencies(latencies);
    await upstreams.countFromZero();
    child.send('sweep');
    const [{ swept }] = (await Promise.race([once(child, 'message'), endOf(child)])) as [{ swept: Swept }];
    const counts = await upstreams.counts();
    const trouble = Object.entries(swept.trouble).map(
      ([event, count]) => `${event} was logged ${count} times`,
    );
    if (swept.refreshed !== users) trouble.push(`${swept.refreshed} of ${users} users were refreshed`);
    if (counts.givenOne !== users) trouble.push(`${counts.givenOne} of ${users} users were given one token`);
    if (trouble.length > 0) throw new Error(`This run is no measurement: ${trouble.join(', ')}.`);
    return { ...swept, counts };
  } finally {
    if (child.connected) child.disconnect();
    upstreams.stop();
  }
}

async function endOf(child: ReturnType<typeof fork>): Promise<never> {
  const [code] = await once(child, 'exit');
  throw new Error(`The process of the sweep ended with code ${code} before it was done.`);
}
