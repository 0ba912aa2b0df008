/** `npm run azure:smoke`, which azd runs after it has deployed. */
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { PlainError, UsageError } from '../../ops/cli/errors.ts';
import { readArguments } from '../../ops/cli/readArguments.ts';
import { registeredFunctions } from '../../ops/cli/registeredFunctions.ts';
import { runCommand } from '../../ops/cli/runCommand.ts';
import { print, tell } from '../../ops/cli/terminal.ts';
import { takeAzdEnvironment } from './azd.ts';
import { functionCheck, settingChecks } from './azureChecks.ts';
import { type Check, NotYet } from './check.ts';
import { readFunctionApp } from './functionApp.ts';
import { apiChecks, healthCheck, pageChecks } from './httpChecks.ts';
import { optional, readOrigin } from './readOutput.ts';

const ENTRY = fileURLToPath(new URL('../../functions/main.ts', import.meta.url));
const PAUSE_MS = 5_000;

const USAGE = `Usage: npm run azure:smoke [-- --wait SECONDS] [--http-only]

Asks whether the deployment of the azd environment works, as far as that can be
told without a user: whether the app lives, can use its storage and is accepted
by Entra, whether its functions are there and refuse a request without an access
token, whether its settings are as the templates say, and whether the page at
PAGE_URI, if there is one, may call the API and calls no other. Each fault is
named with what mends it.

  --wait SECONDS   how long all checks together may wait for what is still on
                   its way, such as roles (default: 300)
  --http-only      leaves out what needs the Azure CLI: the list of functions,
                   the references to the key vault and the names of the settings
  --help           shows this text

Exit code: 0 everything passes, 1 something does not, 2 the command line is
wrong.
`;

await runCommand(USAGE, async (args) => {
  const { values } = readArguments(args, {
    wait: { type: 'string', default: '300' },
    'http-only': { type: 'boolean', default: false },
  });
  if (!/^\d{1,4}$/.test(values.wait)) throw new UsageError('--wait takes a number of seconds.');
  if (optional('API_URI') === '') await takeAzdEnvironment();
  const api = readOrigin('API_URI');
  const page = optional('PAGE_URI') === '' ? undefined : readOrigin('PAGE_URI');
  const app = values['http-only'] ? undefined : readFunctionApp();
  const functions = await registeredFunctions(ENTRY);
  const passes = createRunner(Number(values.wait) * 1_000);

  // The settings come first, because they are why an app does not start.
  let isGood = await passes(...(app === undefined ? [] : settingChecks(app)));
  const lives = await passes(healthCheck(api));
  if (lives) {
    isGood = (await passes(...apiChecks(api, functions))) && isGood;
    if (page !== undefined) isGood = (await passes(...pageChecks(api, page))) && isGood;
  }
  if (app !== undefined) isGood = (await passes(functionCheck(app, functions))) && isGood;
  else print('--  --http-only: the settings, the key vault and the list of functions are not checked');
  return lives && isGood ? 0 : 1;
});

/**
 * Runs checks one after the other and says how each ends. All of them share one time to wait.
 * @returns runs checks; true if all of them pass
 */
function createRunner(patienceMs: number): (...checks: readonly Check[]) => Promise<boolean> {
  const end = Date.now() + patienceMs;

  async function faultOf({ run }: Check): Promise<PlainError | undefined> {
    for (;;) {
      try {
        await run();
        return undefined;
      } catch (error) {
        if (!(error instanceof PlainError)) throw error;
        const pauseMs = error instanceof NotYet ? (error.againInMs ?? PAUSE_MS) : Number.POSITIVE_INFINITY;
        if (Date.now() + pauseMs > end) return error;
        await delay(pauseMs);
      }
    }
  }

  return async (...checks) => {
    let isGood = true;
    for (const check of checks) {
      const fault = await faultOf(check);
      if (fault === undefined) print(`ok  ${check.says}`);
      else tell(`NOT ${check.says}\n    ${fault.message}`);
      isGood &&= fault === undefined;
    }
    return isGood;
  };
}
