/** `npm run doctor`: what is wrong with a deployment, and what mends it. */
import { systemClock } from '../../shared/clock.ts';
import { createAzureCliCredential } from '../azureCli.ts';
import { runCommand } from '../cli/runCommand.ts';
import { print, tell } from '../cli/terminal.ts';
import { openGraph } from '../entra/openGraph.ts';
import { readGivenSettings } from '../settings.ts';
import { readDoctorCommand } from './commandLine.ts';
import { createDeployment } from './deployment.ts';
import { examine } from './examine.ts';
import { isBad, jsonOf, textOf } from './printFound.ts';
import { runProbe } from './probe/runProbe.ts';
import { readSettingNames } from './readSettingNames.ts';
import { USAGE } from './usage.ts';

/** Graph is asked once more. Who examines something does not want to wait for a minute and a half. */
const GRAPH_PAUSES_MS = [1_000];

await runCommand(USAGE, async (args) => {
  const command = readDoctorCommand(args);
  const { settings } = await readGivenSettings(process.cwd(), process.env);
  if ('probe' in command) {
    print(...(await runProbe(command.probe, { settings, fetch, clock: systemClock, tell })));
    return 0;
  }
  const deployment = createDeployment(command, {
    environment: process.env,
    settings,
    fetch,
    clock: systemClock,
    ownSignIn: createAzureCliCredential(),
    openGraph: (graph, tenantId) => openGraph(graph, tenantId, tell, GRAPH_PAUSES_MS),
    settingNames: readSettingNames,
  });
  let exitCode = 0;
  for await (const found of examine(deployment)) {
    print(command.json ? jsonOf(found) : textOf(found));
    if (isBad(found.state)) exitCode = 1;
  }
  return exitCode;
});
