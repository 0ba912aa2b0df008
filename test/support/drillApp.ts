/** The functions as production wires them, from settings alone; only their clock can run ahead. */
import { InvocationContext } from '@azure/functions';
import { createRefreshWorkerHandler } from '../../functions/refreshWorker/handler.ts';
import { readConfig } from '../../shared/config.ts';
import { connect, disconnect } from '../../shared/connection/connection.ts';
import type { LogEvent } from '../../shared/log.ts';
import { getProfile } from '../../shared/profile/getProfile.ts';
import { compose } from '../../shared/stead.ts';
import { createAssertionMemo } from '../../shared/tokens/assertionMemo.ts';
import { createCooldowns } from '../../shared/tokens/cooldowns.ts';
import { UNLIMITED } from './unlimited.ts';

/** What one process does in a drill. */
export type Act = {
  does: 'visit' | 'disconnect' | 'reconnect' | 'sweep';
  /** The user's bearer token; a sweep has none. */
  assertion?: string;
  /** How far the process's clock is ahead, in milliseconds. */
  aheadMs: number;
  /** What every draw of the process's own gives, in [0, 1); chance if left out. */
  random?: number | undefined;
};

export function createDrillApp(
  environment: Readonly<Record<string, string | undefined>>,
  { aheadMs, random }: Pick<Act, 'aheadMs' | 'random'>,
) {
  const services = compose(readConfig(environment));
  const now = () => new Date(Date.now() + aheadMs);
  const events: LogEvent[] = [];
  const log = (event: LogEvent): void => void events.push(event);
  const deps = {
    ...services,
    now,
    random: random === undefined ? Math.random : () => random,
    memo: createAssertionMemo({ now }),
    cooldowns: createCooldowns({ now }),
    limits: UNLIMITED,
  };
  const worker = createRefreshWorkerHandler(deps);
  const request = { ...deps, log, userTokens: services.userTokens(log) };

  /** The timer's turn; answers how it ended. */
  async function sweep() {
    const context = new InvocationContext({
      functionName: 'refreshWorker',
      logHandler: (_level, line) => log(JSON.parse(String(line)) as LogEvent),
    });
    const isPastDue = false;
    await worker({ schedule: { adjustForDST: false }, scheduleStatus: NEVER, isPastDue }, context);
    const ended = events.findLast((event) => event.event === 'sweep.ended');
    if (ended?.event !== 'sweep.ended') throw new Error('the sweep did not say how it ended');
    return ended;
  }

  return {
    ...deps,
    events,
    sweep,
    visit: (assertion: string) => getProfile(request, assertion),
    disconnect: (assertion: string) => disconnect(request, assertion),
    /** Connects again, and visits as the page does next. */
    async reconnect(assertion: string) {
      await connect(request, assertion);
      await getProfile(request, assertion);
    },
  };
}

export type DrillApp = ReturnType<typeof createDrillApp>;

const NEVER = { last: '', next: '', lastUpdated: '' };

export async function perform(
  environment: Readonly<Record<string, string | undefined>>,
  act: Act,
): Promise<void> {
  await createDrillApp(environment, act)[act.does](act.assertion ?? '');
}
