/**
 * `npm run demo`: the walk-through of the .NET sample without a person, and more. Seven people sign in and call the
 * API, most of them meet a failure, and the worker runs three times.
 */
import { UsageError } from '../ops/cli/errors.ts';
import { readArguments } from '../ops/cli/readArguments.ts';
import { runCommand } from '../ops/cli/runCommand.ts';
import { CREDENTIALS, type CredentialName } from './credentials.ts';
import { type Cast, castOf, DEFAULT_PICK, EXTRAS } from './demoCast.ts';
import { jsonOf, tableOf, verdictOn } from './demoReport.ts';
import { openStage } from './demoStage.ts';
import { playStory } from './demoStory.ts';
import { runBuild } from './platform.ts';
import { showSharedClient } from './sharedClient.ts';

const USAGE = `Usage: npm run demo -- [options]

Builds the functions and plays a story: seven people, three runs of the worker,
every kind of failure and how it ends.

  --pick A,B,C      who plays the first three parts (${DEFAULT_PICK})
  --credential NAME how the API proves itself, one of (${CREDENTIALS[0]}):
                    ${CREDENTIALS.join(', ')}
  --shared-client   shows instead what one MSAL client for everybody does
  --json            prints one JSON document
  --no-build        runs the previous build
  --help            shows this text

Exit code: 0 all went as the story says, 1 it did not, 2 wrong command line.
`;

const flag = { type: 'boolean', default: false } as const;

await runCommand(USAGE, async (args) => {
  const options = {
    json: flag,
    pick: { type: 'string' },
    credential: { type: 'string' },
    'shared-client': flag,
    'no-build': flag,
  } as const;
  const {
    json,
    pick,
    credential,
    'shared-client': sharedClient,
    'no-build': isBuilt,
  } = readArguments(args, options).values;
  if (sharedClient && pick !== undefined) throw new UsageError('--pick does not go with --shared-client.');
  if (sharedClient && credential !== undefined)
    throw new UsageError('--credential does not go with --shared-client.');
  const proof = CREDENTIALS.find((name) => name === (credential ?? 'secret'));
  if (proof === undefined) throw new UsageError(`--credential must be one of ${CREDENTIALS.join(', ')}.`);
  const cast = castOf(pick ?? DEFAULT_PICK);
  if (!isBuilt) await runBuild('--functions');
  return sharedClient ? showSharedClient(json) : walkThrough(cast, proof, json);
});

/** Resolves to the exit code: 0 if everything went as the story says. */
async function walkThrough(cast: Cast, credential: CredentialName, json: boolean): Promise<number> {
  const say = (text: string) => process.stdout.write(`${text}\n`);
  const tell = json ? () => {} : say;
  const stage = await openStage(EXTRAS, credential);
  try {
    const told = await playStory(stage, cast, tell, (run) => tell(tableOf(run, cast)));
    say(json ? jsonOf(told, cast) : verdictOn(told));
    return told.faults.length === 0 ? 0 : 1;
  } finally {
    await stage.end();
  }
}
