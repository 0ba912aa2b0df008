/** `npm run azure:handover`: what the other two people need after azd has provisioned. */
import { readArguments } from '../../ops/cli/readArguments.ts';
import { runCommand } from '../../ops/cli/runCommand.ts';
import { settingCommand } from '../../ops/cli/settingCommand.ts';
import { print } from '../../ops/cli/terminal.ts';
import { takeAzdEnvironment } from './azd.ts';
import { optional, readOutput } from './readOutput.ts';
import { registerCommand, registeredBy, registerOptions } from './registration.ts';

const USAGE = `Usage: npm run azure:handover [-- --lines]

Prints the lines that the other two people paste, with the values of the azd
environment: how whoever registered the applications completes the registration,
and what whoever deploys sets. No value is secret.

  --lines   prints only what whoever deploys sets, one NAME=value a line, for
            "azd env set --file" and for a variable of a pipeline
  --help    shows this text
`;

/** What a deployment and its smoke test need. Those of the first line must be there. */
const NEEDED = ['AZURE_SUBSCRIPTION_ID', 'AZURE_LOCATION', 'AZURE_RESOURCE_GROUP', 'API_APP_NAME', 'API_URI'];
const MORE = [
  ...['PAGE_URI', 'ENTRA_TENANT_ID', 'ENTRA_CLIENT_ID', 'SPA_CLIENT_ID', 'IDENTITY_PRINCIPAL_ID'],
  ...['API_SCOPE', 'ALLOWED_TENANTS', 'ENTRA_AUTHORITY', 'GRAPH_BASE_URL'],
];

await runCommand(USAGE, async (args) => {
  const { values } = readArguments(args, { lines: { type: 'boolean', default: false } });
  if (optional('API_URI') === '') await takeAzdEnvironment();
  const deployment = {
    ...Object.fromEntries(NEEDED.map((name) => [name, readOutput(name)])),
    ...Object.fromEntries(MORE.map((name) => [name, optional(name)])),
    REGISTER_APPLICATIONS: 'false',
  };
  if (values.lines) {
    const set = Object.entries(deployment).filter(([, value]) => value !== '');
    print(...set.map(([name, value]) => `${name}=${value}`));
    return 0;
  }
  if (registeredBy() === 'elsewhere') {
    print('For the person who registered the applications:', '');
    print(registerCommand(registerOptions(optional('ENTRA_TENANT_ID'))), '');
  }
  print('For the person who deploys, in an azd environment of their own:', '');
  print(settingCommand(deployment));
  return 0;
});
