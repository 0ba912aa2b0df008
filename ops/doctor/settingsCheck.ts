import { type Check, ok, warn, wrong } from './check.ts';
import { newSecret } from './commands.ts';
import { lacksIdentity } from './usableSettings.ts';

/** Whether the application would start with these settings. */
export const settingsCheck: Check = {
  name: 'settings',
  async run({ settings, faults, config, isUsable }) {
    if (faults.length > 0) {
      const clientId = isUsable('api') ? config.entra.clientId : '<client id of the API>';
      return faults.map(({ setting, problem, remedy }) =>
        wrong(`${setting} ${problem}.`, { remedy, command: commandFor(setting, clientId) }),
      );
    }
    if (lacksIdentity(settings)) {
      return [
        warn(
          'TokenStore__credential is missing. This command then acts as you, but the functions do not start.',
          {
            remedy: 'Set TokenStore__credential=managedidentity in the app.',
          },
        ),
      ];
    }
    return [ok('Every setting can be used.')];
  },
};

/** What gives the value of a setting. The others are texts that somebody has to choose. */
function commandFor(setting: string, clientId: string): string | undefined {
  switch (setting) {
    case 'ENTRA_TENANT_ID':
      return 'az account show --query tenantId';
    case 'ENTRA_CLIENT_ID':
      return 'npm run entra:register';
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
