/** `npm run azure:register`, which azd runs before and after it provisions. */
import { PlainError } from '../../ops/cli/errors.ts';
import { readArguments } from '../../ops/cli/readArguments.ts';
import { runCommand } from '../../ops/cli/runCommand.ts';
import { print, tell } from '../../ops/cli/terminal.ts';
import { readRegisterCommand } from '../../ops/entra/commandLine.ts';
import { runRegistration } from '../../ops/entra/runRegistration.ts';
import { az } from './az.ts';
import { setInAzd } from './azd.ts';
import { optional } from './readOutput.ts';
import { registerCommand, registeredBy, registerOptions } from './registration.ts';

const USAGE = `Usage: npm run azure:register

Registers the API and the page in Entra, or corrects what is registered, with
what the azd environment knows by now, and keeps their ids there. azd runs it
before it provisions, because the app needs the ids, and again after it, because
only then the addresses and the managed identity exist.

Registers nothing if ENTRA_CLIENT_ID and SPA_CLIENT_ID are those of somebody
else, or if REGISTER_APPLICATIONS is false. REGISTER_OPTIONS has more options of
"npm run entra:register", such as "--permission Mail.Read --admin-consent".

  --help   shows this text
`;

await runCommand(USAGE, async (args) => {
  readArguments(args, {});
  if (registeredBy() === 'elsewhere') {
    expectBothOfLink({});
    print('Somebody else has registered the applications: nothing is changed in Entra.');
    return 0;
  }
  const options = registerOptions(await tenantOfSubscription());
  const settings = await register(options);
  const values = { ...settings, REGISTER_APPLICATIONS: 'true' };
  const news = Object.entries(values).filter(
    ([name, value]) => optional(name) !== value && !(isChosen(name) && optional(name) !== ''),
  );
  if (news.length > 0) await setInAzd(Object.fromEntries(news));
  print(...Object.entries(settings).map(([name, value]) => `${name}=${value}`));
  expectBothOfLink(settings);
  return 0;
});

/** @throws {PlainError} the app would not start */
function expectBothOfLink(news: Record<string, string>): void {
  const of = (name: string) => optional(name) || (news[name] ?? '');
  if (of('LINK_REDIRECT_URI') === '' || of('LINK_RETURN_URLS') !== '') return;
  throw new PlainError(
    'LINK_REDIRECT_URI needs LINK_RETURN_URLS beside it, the pages to which the browser returns. Without it the app does not start: azd env set LINK_RETURN_URLS https://<host of the page>/',
  );
}

/** Of these the registration prints a default, and whoever deploys may have chosen another value. */
function isChosen(name: string): boolean {
  return name === 'LINK_RETURN_URLS';
}

/** The managed identity is in the tenant of the subscription, and the application that trusts it must be there, too. */
async function tenantOfSubscription(): Promise<string> {
  const given = optional('ENTRA_TENANT_ID');
  if (given !== '') return given;
  return (await az('account show', ['--query', 'tenantId', '--output', 'tsv'])).trim();
}

/** @throws {PlainError} nothing or not everything is registered, and what can be done by hand */
async function register(options: readonly string[]): Promise<Record<string, string>> {
  try {
    const command = readRegisterCommand(options);
    const { result, notes } = await runRegistration(command, ({ why }) => print(`${why}.`), tell);
    for (const note of notes) tell(note);
    return { ...result.settings, ...result.parameters };
  } catch (error) {
    if (!(error instanceof PlainError)) throw error;
    throw new PlainError(
      [
        error.message,
        '',
        'The applications are not registered as this environment needs them. Run azd again when the reason is mended. Or ask a person who may register applications to run',
        `  ${registerCommand(options)}`,
        'then run the line "azd env set" that it prints, and azd env set REGISTER_APPLICATIONS=false, and run azd again.',
      ].join('\n'),
    );
  }
}
