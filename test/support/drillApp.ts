/** The application as production makes it, from settings alone; only its clock can run ahead. */

import { profile } from '../../functions/profile/profile.ts';
import { readConfig } from '../../shared/config.ts';
import { shippedTasks } from '../../shared/graphTasks/shippedTasks.ts';
import type { LogEvent } from '../../shared/log.ts';
import { createStead } from '../../shared/stead.ts';
import { azureStores } from '../../shared/stores/azure.ts';
import { createShiftedClock } from '../../shared/testing/testClock.ts';
import { UNLIMITED } from './testApp.ts';

/** What one process does in a drill. */
export type Act = {
  does: 'visit' | 'disconnect' | 'reconnect' | 'sweep';
  /** The user's access token; a sweep has none. */
  assertion?: string;
  /** How far the process's clock is ahead, in milliseconds. */
  aheadMs: number;
  /** What every draw of the process's own gives, in [0, 1); chance if left out. */
  random?: number | undefined;
};

/** One event as Application Insights has it. */
export type LoggedRow = { timestamp: string; message: string };

export function createDrillApp(
  environment: Readonly<Record<string, string | undefined>>,
  { aheadMs, random }: Pick<Act, 'aheadMs' | 'random'>,
) {
  const clock = createShiftedClock(random === undefined ? {} : { random: () => random });
  clock.aheadMs = aheadMs;
  const events: LogEvent[] = [];
  const logged: LoggedRow[] = [];
  const operation = {
    log(event: LogEvent): void {
      events.push(event);
      logged.push({ timestamp: clock.now().toISOString(), message: JSON.stringify(event) });
    },
  };
  const config = readConfig(environment);
  // The stand-in and MSAL live in the platform's time, and so does what speaks with them.
  const { verifyAccessToken, userTokens } = createStead(config, { stores: azureStores }).services;
  const adapters = { verifyAccessToken, userTokens };
  const stead = createStead(config, {
    stores: azureStores,
    tasks: shippedTasks(config.shippedTasks),
    clock,
    adapters,
    limits: UNLIMITED,
  });

  return {
    ...stead.services,
    events,
    logged,
    sweep: () => stead.worker.run(operation),
    confirmRetirement: () => stead.operators.confirmRetirement(),
    visit: (assertion: string) => stead.asUser(operation, assertion, profile),
    disconnect: (assertion: string) => stead.connection.disconnect(operation, assertion),
    /** Connects again, and visits as the page does next. */
    async reconnect(assertion: string) {
      await stead.connection.reconnect(operation, assertion);
      await stead.asUser(operation, assertion, profile);
    },
  };
}

export type DrillApp = ReturnType<typeof createDrillApp>;

export async function perform(
  environment: Readonly<Record<string, string | undefined>>,
  act: Act,
): Promise<void> {
  await createDrillApp(environment, act)[act.does](act.assertion ?? '');
}
