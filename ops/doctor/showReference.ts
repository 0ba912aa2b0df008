const KEY_VAULT = /^@Microsoft\.KeyVault\((.*)\)$/i;
const APP_CONFIGURATION = /^@Microsoft\.AppConfiguration\(/i;
const SECRET_URI = /^https:\/\/[\w-]+(?:\.[\w-]+)+\/secrets\/[\w-]+(?:\/\w+)?$/;
const NAME = /^[\w-]{1,127}$/;

/**
 * Shows whether there is a value for a reference that Azure Functions could not resolve
 * (https://learn.microsoft.com/azure/app-service/app-service-key-vault-references), and does not show the value. What is not in
 * the form of a name or an address gets no place in the command.
 * @returns a command; undefined if this is no reference
 */
export function showReference(value: string): string | undefined {
  if (APP_CONFIGURATION.test(value)) {
    return 'az appconfig kv show --auth-mode login --endpoint <endpoint> --key <key> --query lastModified';
  }
  if (!/^@Microsoft\.KeyVault\(/i.test(value)) return undefined;
  const [, inside = ''] = KEY_VAULT.exec(value) ?? [];
  const parts = new Map(
    inside.split(';').map((part) => {
      const [name = '', ...rest] = part.split('=');
      return [name.trim().toLowerCase(), rest.join('=').trim().replace(/\/$/, '')];
    }),
  );
  const [uri = '', vault = '', secret = ''] = ['secreturi', 'vaultname', 'secretname'].map((name) =>
    parts.get(name),
  );
  const where = SECRET_URI.test(uri)
    ? `--id ${uri}`
    : NAME.test(vault) && NAME.test(secret)
      ? `--vault-name ${vault} --name ${secret}`
      : '--id <SecretUri of the reference>';
  return `az keyvault secret show ${where} --query attributes`;
}
