import { UnavailableError } from '../errors.ts';
import { type Log, nameOfError } from '../log.ts';
import type { Services } from '../ports.ts';
import { NOBODY } from '../userId.ts';

/**
 * Tries to read an account and a cache that do not exist, and logs if the stores cannot be reached.
 * @returns true if they can be reached
 */
export async function checkStorage(
  { accounts, tokenCache }: Pick<Services, 'accounts' | 'tokenCache'>,
  log: Log,
): Promise<boolean> {
  try {
    await accounts.read(NOBODY);
    await tokenCache.read(NOBODY);
    return true;
  } catch (error) {
    const remedy = error instanceof UnavailableError ? error.remedy : undefined;
    log({
      event: 'storage.unreachable',
      setting: 'TokenStore',
      remedy: `${remedy ?? 'Start Azurite, or check TokenStore and the firewall of its storage account.'} Until then Stead stores nothing.`,
      error: nameOfError(error),
    });
    return false;
  }
}
