/**
 * `npm run demo`: the walk-through of the .NET sample without a person, and further than it goes. Seven people sign
 * in and call the API, something befalls most of them, and the worker runs three times.
 */
import { parseArgs } from 'node:util';
import { castOf, EXTRAS } from './demoCast.ts';
import { jsonOf, tableOf, verdictOn } from './demoReport.ts';
import { openStage } from './demoStage.ts';
import { playStory } from './demoStory.ts';
import { showSharedClient } from './sharedClient.ts';

const { values: flags } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    pick: { type: 'string', default: 'adele,bruno,chiara' },
    'shared-client': { type: 'boolean', default: false },
  },
});

try {
  process.exitCode = flags['shared-client'] ? await showSharedClient(flags.json) : await walkThrough();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

/** Exit code 0 if everything is as the story says. */
async function walkThrough(): Promise<number> {
  const cast = castOf(flags.pick);
  const say = (text: string) => process.stdout.write(`${text}\n`);
  const tell = flags.json ? () => {} : say;
  const stage = await openStage(EXTRAS);
  try {
    const told = await playStory(stage, cast, tell, (run) => tell(tableOf(run, cast)));
    say(flags.json ? jsonOf(told, cast) : verdictOn(told));
    return told.faults.length === 0 ? 0 : 1;
  } finally {
    await stage.end();
  }
}
