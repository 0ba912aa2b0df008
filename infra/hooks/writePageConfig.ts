/** `npm run azure:page`, which azd runs before it deploys the page. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PlainError } from '../../ops/cli/errors.ts';
import { readJsonObject } from '../../ops/cli/jsonFile.ts';
import { readArguments } from '../../ops/cli/readArguments.ts';
import { runCommand } from '../../ops/cli/runCommand.ts';
import { print } from '../../ops/cli/terminal.ts';
import { authorityFault, PUBLIC_CLOUD } from '../../shared/clouds.ts';
import { optional, readOrigin, readOutput } from './readOutput.ts';
import { servesOneTenant } from './servesOneTenant.ts';

const BUILT = fileURLToPath(new URL('../../dist/spa', import.meta.url));

/** The page refuses a longer name. */
const MAX_NAME_LENGTH = 40;

const USAGE = `Usage: npm run azure:page [-- --folder FOLDER]

Writes the config.json and the headers of this deployment beside the built
page, which may then reach only its own API and its directory. Run npm run build
first.
Reads API_URI, ENTRA_CLIENT_ID, SPA_CLIENT_ID and ENTRA_TENANT_ID (or
AZURE_TENANT_ID), and, if they are set, ENTRA_AUTHORITY, API_SCOPE,
ALLOWED_TENANTS, APP_NAME (what users call the application) and APP_LOGO (a path
of the page, such as /logo.svg, or a data URL of an image).

  --folder FOLDER   where the built page is (default: dist/spa)
  --help            shows this text
`;

await runCommand(USAGE, async (args) => {
  const { values } = readArguments(args, { folder: { type: 'string', default: BUILT } });
  const config = pageConfig();
  const headersFile = join(values.folder, 'staticwebapp.config.json');
  const host = await readJsonObject(headersFile);
  if (host === undefined)
    throw new PlainError(`There is no page in ${values.folder}: run "npm run build" first.`);
  const { globalHeaders } = host;
  const headers = { ...Object(globalHeaders), 'Content-Security-Policy': policyFor(config) };
  await write(headersFile, { ...host, globalHeaders: headers });
  await write(join(values.folder, 'config.json'), config);
  print(`The page calls ${config.apiBaseUrl} and signs in at ${config.authority}`);
  return 0;
});

type Config = {
  clientId: string;
  authority: string;
  apiScope: string;
  apiBaseUrl: string;
  appName: string;
  logo: string;
};

function pageConfig(): Config {
  const tenant = optional('ENTRA_TENANT_ID') || readOutput('AZURE_TENANT_ID');
  const authority = readAuthority();
  return {
    clientId: readOutput('SPA_CLIENT_ID'),
    authority: `${authority}/${servesOneTenant(tenant) ? tenant : 'organizations'}`,
    apiScope: `api://${readOutput('ENTRA_CLIENT_ID')}/${optional('API_SCOPE') || 'access_as_user'}`,
    apiBaseUrl: readOrigin('API_URI'),
    appName: readName(),
    logo: readLogo(),
  };
}

function readName(): string {
  const name = optional('APP_NAME') || 'Stead';
  if (name.length <= MAX_NAME_LENGTH) return name;
  throw new PlainError(`APP_NAME has more than ${MAX_NAME_LENGTH} characters. Give a shorter one.`);
}

/** The policy of the page allows pictures of its own host and data URLs alone. */
function readLogo(): string {
  const logo = optional('APP_LOGO') || '/favicon.svg';
  if (/^\/(?!\/)/.test(logo) || logo.startsWith('data:image/')) return logo;
  throw new PlainError(
    'APP_LOGO has to be a path of the page, such as /logo.svg, or a data URL of an image.',
  );
}

/** The page signs in where the API's tokens come from, so the app would refuse the same authorities at its start. */
function readAuthority(): string {
  if (optional('ENTRA_AUTHORITY') === '') return PUBLIC_CLOUD.authority;
  const authority = readOrigin('ENTRA_AUTHORITY');
  const wrong = authorityFault(authority);
  if (wrong !== undefined) throw new PlainError(`ENTRA_AUTHORITY ${wrong.problem}. ${wrong.remedy}`);
  return authority;
}

/** This is a second policy beside the one in each page (spa/contentSecurityPolicy.ts). A browser obeys both. */
function policyFor({ apiBaseUrl, authority }: Config): string {
  const directory = new URL(authority).origin;
  return [
    "frame-ancestors 'self'",
    `connect-src 'self' ${apiBaseUrl} ${directory}`,
    `frame-src 'self' ${directory}`,
  ].join('; ');
}

async function write(file: string, value: unknown): Promise<void> {
  await writeFile(file, `${JSON.stringify(value, undefined, 2)}\n`);
}
