import { SETTINGS } from '../../shared/settingsReader.ts';
import { PlainError } from '../cli/errors.ts';
import { type Check, type Line, ok, skipped, wrong } from './check.ts';

const REQUIRED = ['ENTRA_TENANT_ID', 'ENTRA_CLIENT_ID', 'TOKEN_CACHE_KEYS', 'LOG_HASH_KEY'] as const;
const CREDENTIALS = ['ENTRA_CLIENT_SECRET', 'ENTRA_CLIENT_CERTIFICATE', 'ENTRA_MANAGED_IDENTITY_CLIENT_ID'];
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
      const lines = linesOf(await settingNames(app.name, app.resourceGroup));
      const add = `az functionapp config appsettings set --name ${app.name} --resource-group ${app.resourceGroup} --settings <name>=<value>`;
      return lines.length > 0
        ? lines.map((one) => ({ ...one, command: add }))
        : [ok('The function app has every setting that it needs.')];
    } catch (error) {
      if (error instanceof PlainError) return [skipped(error.message)];
      throw error;
    }
  },
};

function linesOf(names: readonly string[]): Line[] {
  const has = (name: string): boolean => names.includes(name);
  const credentials = CREDENTIALS.filter(has);
  const isWithoutKeys = WITHOUT_KEYS.some(has);
  const needed = isWithoutKeys ? [...REQUIRED, ...WITHOUT_KEYS] : [...REQUIRED, 'TokenStore'];
  const misspelt = names.flatMap((name) => {
    const right = Object.keys(SETTINGS).find((one) => one.toLowerCase() === name.toLowerCase());
    return right === undefined || right === name ? [] : wrong(`${name} has to be written ${right}.`);
  });
  return [
    ...needed.filter((name) => !has(name)).map((name) => wrong(`The function app has no setting ${name}.`)),
    ...(credentials.length === 1
      ? []
      : [
          wrong(
            `The function app has ${credentials.join(' and ') || 'none'} of ${CREDENTIALS.join(', ')}, and needs one.`,
          ),
        ]),
    ...(isWithoutKeys && has('TokenStore')
      ? [wrong('The function app has TokenStore beside TokenStore__….')]
      : []),
    ...misspelt,
  ];
}
