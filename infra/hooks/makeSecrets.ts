/** `npm run azure:secrets`, which azd runs after it has provisioned. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PlainError, UsageError } from '../../ops/cli/errors.ts';
import { readArguments } from '../../ops/cli/readArguments.ts';
import { runCommand } from '../../ops/cli/runCommand.ts';
import { print } from '../../ops/cli/terminal.ts';
import { AzRefused, az } from './az.ts';
import { readFunctionApp, refreshReferences } from './functionApp.ts';
import { readOutput } from './readOutput.ts';

const USAGE = `Usage: npm run azure:secrets [-- --wait SECONDS]

Makes the secrets of the app in the key vault VAULT_NAME, with the Azure CLI:
token-cache-keys and log-hash-key. What is there already stays as it is, and no
value is shown. Each time it lets the app API_APP_NAME look again.

  --wait SECONDS   how long to wait for the role on the vault (default: 300)
  --help           shows this text
`;

/** The names are those of the references in infra/main.bicep. */
const SECRETS: Record<string, () => string> = {
  'token-cache-keys': () => {
    const key = { kty: 'oct', kid: `azure-${randomBytes(4).toString('hex')}`, k: random('base64url') };
    return JSON.stringify({ keys: [key] });
  },
  'log-hash-key': () => random('base64'),
};
const random = (encoding: 'base64' | 'base64url'): string => randomBytes(32).toString(encoding);
const MAX_PAUSE_MS = 20_000;

await runCommand(USAGE, async (args) => {
  const { values } = readArguments(args, { wait: { type: 'string', default: '300' } });
  if (!/^\d{1,4}$/.test(values.wait)) throw new UsageError('--wait takes a number of seconds.');
  const vault = readOutput('VAULT_NAME');
  const app = readFunctionApp();
  const present = await whenAllowed(() => namesIn(vault), Number(values.wait) * 1_000);
  for (const [name, make] of Object.entries(SECRETS)) {
    const isThere = present.includes(name);
    if (!isThere) await put(vault, name, make());
    print(`${vault}: ${name} ${isThere ? 'is there and stays as it is' : 'is made'}`);
  }
  // The app was made before its secrets, and remembers that it did not find them. It also looks if nothing is made now,
  // because an earlier call may have made the secrets and then failed here.
  await az('rest', refreshReferences(app));
  print(`${app.name} looks for the secrets again`);
  return 0;
});

/**
 * The names of all secrets in the vault. Disabled ones are among them, so none of these is overwritten either.
 * @throws {PlainError} the answer cannot be read. Nothing may then be made, because it might be there.
 */
async function namesIn(vault: string): Promise<string[]> {
  const args = ['--vault-name', vault, '--query', '[].id', '--output', 'json'];
  const text = await az('keyvault secret list', args);
  try {
    return (JSON.parse(text) as string[]).map((id) => {
      const [, name] = /\/secrets\/([\w-]+)/.exec(id) ?? [];
      if (name === undefined) throw new Error('An id has no name.');
      return name;
    });
  } catch {
    throw new PlainError('az keyvault secret list gave no list of ids. Update the Azure CLI (az upgrade).');
  }
}

/** The value goes through a file, so that it is in no list of processes. */
async function put(vault: string, name: string, value: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'stead-secret-'));
  try {
    const file = join(folder, 'value');
    await writeFile(file, value, { mode: 0o600 });
    const args = ['--vault-name', vault, '--name', name, '--file', file, '--encoding', 'utf-8'];
    await az('keyvault secret set', [...args, '--output', 'none']);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A role on the vault that was given a moment ago may take minutes to count. */
async function whenAllowed<T>(act: () => Promise<T>, patienceMs: number): Promise<T> {
  for (let waitedMs = 0, pauseMs = 1_000; ; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
    try {
      return await act();
    } catch (error) {
      const mayCome = error instanceof AzRefused && error.reason === 'Forbidden';
      if (!mayCome || waitedMs + pauseMs > patienceMs) throw error;
      if (waitedMs === 0) print('Waiting for the role on the key vault');
      await delay(pauseMs);
      waitedMs += pauseMs;
    }
  }
}
