import { SETTINGS } from '../../shared/settingsReader.ts';
import { PlainError } from '../cli/errors.ts';
import { type Check, type Line, ok, skipped, wrong } from './check.ts';
import { deleteSettings, setSetting } from './commands.ts';

const KEYS = ['TOKEN_CACHE_KEYS', 'LOG_HASH_KEY'];
const REQUIRED = ['ENTRA_TENANT_ID', 'ENTRA_CLIENT_ID', ...KEYS];
const CREDENTIALS = ['ENTRA_CLIENT_SECRET', 'ENTRA_CLIENT_CERTIFICATE', 'ENTRA_MANAGED_IDENTITY_CLIENT_ID'];
const HOST_STORAGE = 'AzureWebJobsStorage';
const WITHOUT_KEYS = ['TokenStore__blobServiceUri', 'TokenStore__tableServiceUri', 'TokenStore__credential'];

/** Which settings the deployed app has. Their values are not read. */
export const appSettingsCheck: Check = {
  name: 'app settings',
  async run({ command: { app }, settingNames }) {
    if (app === undefined) {
      return [
        skipped('No function app was named.', {
          command: 'npm run doctor -- --app <function app> --resource-group <group>',
        }),
      ];
    }
    try {
      const lines = linesOf(await settingNames(app.name, app.resourceGroup), app);
      return lines.length > 0 ? lines : [ok('The function app has every setting that it needs.')];
    } catch (error) {
      if (error instanceof PlainError) return [skipped(error.message)];
      throw error;
    }
  },
};

type App = { name: string; resourceGroup: string };

const PROVISIONED =
  'If infra/ made the app, change the parameter in its place and provision: that replaces all settings.';

function linesOf(names: readonly string[], app: App): Line[] {
  const has = (name: string): boolean => names.includes(name);
  const isWithoutKeys = WITHOUT_KEYS.some(has);
  const needed = isWithoutKeys ? [...REQUIRED, ...WITHOUT_KEYS] : [...REQUIRED, 'TokenStore'];
  return [
    ...needed.filter((name) => !has(name)).map((name) => lineOfMissing(name, app)),
    ...linesOfCredentials(CREDENTIALS.filter(has), app),
    ...(isWithoutKeys && has('TokenStore')
      ? [
          wrong('The function app has TokenStore beside TokenStore__….', {
            remedy: `Delete TokenStore, if the storage that TokenStore__… names has the caches and accounts. ${PROVISIONED}`,
            command: deleteSettings(['TokenStore'], app),
          }),
        ]
      : []),
    ...linesOfHostStorage(names, isWithoutKeys, app),
    ...names.flatMap((name) => linesOfSpelling(name, app)),
  ];
}

const lineOfMissing = (name: string, app: App): Line =>
  wrong(`The function app has no setting ${name}.`, {
    remedy: KEYS.includes(name)
      ? `Give the key that it had: a new one is for a new deployment only. ${PROVISIONED}`
      : PROVISIONED,
    command: setSetting(name, '<value>', app),
  });

function linesOfCredentials(credentials: readonly string[], app: App): Line[] {
  if (credentials.length === 1) return [];
  const says = `The function app has ${credentials.join(' and ') || 'none'} of ${CREDENTIALS.join(', ')}, and needs one.`;
  return [
    credentials.length === 0
      ? wrong(says, { remedy: PROVISIONED, command: setSetting('<one of them>', '<value>', app) })
      : wrong(says, {
          remedy: `Delete those that the app is not to use. ${PROVISIONED}`,
          command: deleteSettings(['<name>'], app),
        }),
  ];
}

/** The host takes the plain name as a connection string, in the place of its identity. */
function linesOfHostStorage(names: readonly string[], isWithoutKeys: boolean, app: App): Line[] {
  const hasIdentity = names.some((name) => name.startsWith(`${HOST_STORAGE}__`));
  if (!names.includes(HOST_STORAGE) || (!hasIdentity && !isWithoutKeys)) return [];
  return [
    wrong(`The function app has a plain ${HOST_STORAGE}, which is a connection string with a key.`, {
      remedy: `${hasIdentity ? '' : `First set ${HOST_STORAGE}__credential, ${HOST_STORAGE}__clientId and the addresses of its services, so that the host uses its identity. `}Delete it. ${PROVISIONED}`,
      command: deleteSettings([HOST_STORAGE], app),
    }),
  ];
}

function linesOfSpelling(name: string, app: App): Line[] {
  const right = Object.keys(SETTINGS).find((one) => one.toLowerCase() === name.toLowerCase());
  if (right === undefined || right === name) return [];
  return [
    wrong(`${name} has to be written ${right}.`, {
      remedy: `Note its value before. ${PROVISIONED}`,
      command: `${deleteSettings([name], app)} && ${setSetting(right, '<value>', app)}`,
    }),
  ];
}
