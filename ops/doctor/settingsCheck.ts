import type { ConfigFault } from '../../shared/errors.ts';
import { type Check, type Line, ok, warn, wrong } from './check.ts';
import { newSecret, SHOW_TENANT, setSetting } from './commands.ts';
import type { Deployment } from './deployment.ts';
import { showReference } from './showReference.ts';
import { lacksIdentity } from './usableSettings.ts';

/** Whether the application would start with these settings. */
export const settingsCheck: Check = {
  name: 'settings',
  async run(deployment) {
    const { settings, faults } = deployment;
    if (faults.length > 0) return faults.map((fault) => lineOf(fault, deployment));
    if (lacksIdentity(settings)) {
      return [
        warn(
          'TokenStore__credential is missing. This command then acts as you, but the functions do not start.',
          {
            remedy: 'Set it in the app.',
            command: setSetting('TokenStore__credential', 'managedidentity'),
          },
        ),
      ];
    }
    return [ok('Every setting can be used.')];
  },
};

/** What a deployment loses if somebody replaces one of its keys by a new one. */
const LOST_WITH: ReadonlyMap<string, string> = new Map([
  ['TOKEN_CACHE_KEYS', 'A new key opens none of the caches that are stored.'],
  ['LOG_HASH_KEY', 'A new key changes the id of every user in the log.'],
]);

function lineOf({ setting, problem, remedy }: ConfigFault, { settings, config, isUsable }: Deployment): Line {
  const says = `${setting} ${problem}.`;
  const value = settings[setting]?.trim() ?? '';
  const lost = LOST_WITH.get(setting);
  const showValue = showReference(value);
  if (showValue !== undefined) {
    const keep = lost === undefined ? '' : ` Make no new key: ${lost}`;
    return wrong(says, {
      remedy: `${remedy} Then refresh the references or restart the app.${keep} The command says whether the value is there, and does not show it.`,
      command: showValue,
    });
  }
  const isMissing = value === '';
  if (lost !== undefined && !isMissing) {
    return wrong(says, {
      remedy: `Restore the value as it was, from where you keep it. ${lost} In Key Vault, earlier versions of the secret are kept.`,
      command: 'az keyvault secret list-versions --vault-name <vault> --name <secret>',
    });
  }
  return wrong(says, {
    remedy:
      lost === undefined
        ? remedy
        : `${remedy} Make a key for a new deployment only, and otherwise restore it. ${lost}`,
    command: commandFor(
      setting,
      isMissing,
      isUsable('api') ? config.entra.clientId : '<client id of the API>',
    ),
  });
}

/** What gives the value of a setting. The others are texts that somebody has to choose. */
function commandFor(setting: string, isMissing: boolean, clientId: string): string | undefined {
  switch (setting) {
    case 'ENTRA_TENANT_ID':
      return SHOW_TENANT;
    case 'ENTRA_CLIENT_ID':
      return isMissing
        ? 'npm run entra:register'
        : 'az ad app list --show-mine --query "[].[displayName, appId]"';
    case 'ENTRA_CLIENT_SECRET':
      return newSecret(clientId);
    case 'TOKEN_CACHE_KEYS':
      return `node -e "console.log(JSON.stringify({keys:[{kty:'oct',kid:'k1',k:crypto.randomBytes(32).toString('base64url')}]}))"`;
    case 'LOG_HASH_KEY':
      return `node -e "console.log(crypto.randomBytes(32).toString('base64'))"`;
    default:
      return undefined;
  }
}
