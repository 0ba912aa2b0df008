/** What the Azure CLI tells of a deployment. Only names and statuses are read, and no value of a setting is shown. */
import { PlainError } from '../../ops/cli/errors.ts';
import type { RegisteredFunction } from '../../ops/cli/registeredFunctions.ts';
import { AzRefused, az } from './az.ts';
import { type Check, NotYet } from './check.ts';
import { type FunctionApp, refreshReferences } from './functionApp.ts';

/** The settings that refer to the key vault (infra/main.bicep). */
const REFERENCES = ['TOKEN_CACHE_KEYS', 'LOG_HASH_KEY'];

/** What to do about a status of a reference. */
const REMEDIES: Readonly<Record<string, string>> = {
  SecretNotFound: 'Run "npm run azure:secrets".',
  AccessToKeyVaultDenied:
    'The identity of the app needs the role Key Vault Secrets User on the vault, which "azd provision" gives. A new role may take ten minutes.',
  VaultNotFound: 'Run "azd provision", which makes the vault.',
};

/** What the settings of the app must be before it can start. */
export const settingChecks = (app: FunctionApp): Check[] => [
  {
    says: 'the app has no plain AzureWebJobsStorage',
    run: () => expectNoPlainStorage(app),
  },
  {
    says: `the references of ${REFERENCES.join(' and ')} to the key vault are resolved`,
    run: () => expectReferences(app),
  },
];

/** What Azure must know of the package. */
export function functionCheck(app: FunctionApp, functions: readonly RegisteredFunction[]): Check {
  const names = functions.filter(({ mayBeAbsent }) => !mayBeAbsent).map(({ name }) => name);
  return { says: `Azure lists ${names.join(', ')}`, run: () => expectFunctions(app, names) };
}

/** The host would take it for a connection string, and use it in the place of the identity. */
async function expectNoPlainStorage({ options }: FunctionApp): Promise<void> {
  const names = await ask('functionapp config appsettings list', [...options, '--query', '[].name']);
  if (!names.includes('AzureWebJobsStorage')) return;
  throw new PlainError(
    `The app has the plain setting AzureWebJobsStorage beside those of its identity, and the host would use it. Delete it: az functionapp config appsettings delete ${options.join(' ')} --setting-names AzureWebJobsStorage`,
  );
}

async function expectReferences(app: FunctionApp): Promise<void> {
  const query = 'value[].{name: name, status: properties.status}';
  const url = app.urlOf('config/configreferences/appsettings');
  const found = await ask('rest', ['--method', 'get', '--url', url, '--query', query]);
  for (const wanted of REFERENCES) {
    const { status = 'Missing' } = Object(found.find((one) => Object(one).name === wanted));
    if (status === 'Resolved') continue;
    const code = /^\w{1,40}$/.test(status) ? status : 'Unknown';
    const remedy = REMEDIES[code] ?? 'The portal says more, under "Environment variables".';
    throw new NotYet(
      `The reference of ${wanted} to the key vault is not resolved (${code}). ${remedy} Then let the app look again: az rest ${refreshReferences(app).join(' ')}`,
    );
  }
}

/** After a deployment to Flex Consumption, Azure may list only a function of its own, `WarmUp`, for a while. */
async function expectFunctions(
  { name: app, options, urlOf }: FunctionApp,
  wanted: readonly string[],
): Promise<void> {
  const listed = await ask('functionapp function list', [...options, '--query', '[].name']);
  // Azure names a function `<app>/<function>`.
  const names = listed.map((name) => String(name).split('/').at(-1));
  const missing = wanted.filter((name) => !names.includes(name));
  if (missing.length === 0) return;
  throw new NotYet(
    `Azure does not list these functions of ${app}: ${missing.join(', ')}. Deploy the package (azd deploy api). If their routes answer, let Azure look again: az rest --method post --url ${urlOf('host/default/sync')}`,
  );
}

/**
 * Asks for a list.
 * @throws {PlainError} there is no answer, or it is none.
 */
async function ask(command: string, args: readonly string[]): Promise<unknown[]> {
  try {
    const answer: unknown = JSON.parse(await az(command, [...args, '--output', 'json']));
    if (Array.isArray(answer)) return answer;
  } catch (error) {
    if (error instanceof AzRefused && error.reason !== undefined) throw error;
    if (error instanceof PlainError) {
      throw new PlainError(`${error.message} Whoever has no Azure CLI gives --http-only.`);
    }
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new PlainError(`az ${command} gave no list. Update the Azure CLI (az upgrade).`);
}
