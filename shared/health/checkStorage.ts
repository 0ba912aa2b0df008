import { UnavailableError } from '../errors.ts';
import { type Log, nameOfError } from '../log.ts';
import type { Services } from '../ports.ts';
import { NOBODY } from '../userId.ts';
import type { Readiness } from '../wire.ts';

/** Tries to read an account and a cache that do not exist, and logs if the stores refuse that or cannot be reached. */
export async function checkStorage(
  { accounts, tokenCache }: Pick<Services, 'accounts' | 'tokenCache'>,
  log: Log,
): Promise<Pick<Readiness, 'storage' | 'storageCode'>> {
  try {
    await accounts.read(NOBODY);
    await tokenCache.read(NOBODY);
    return { storage: 'ready' };
  } catch (error) {
    const { remedy, refusal } = error instanceof UnavailableError ? error : {};
    log({
      event: 'storage.unreachable',
      setting: 'TokenStore',
      remedy: `${remedy ?? 'Start Azurite, or check TokenStore and the firewall of its storage account.'} Until then Stead stores nothing.`,
      error: nameOfError(error),
    });
    return refusal === undefined ? { storage: 'unreachable' } : { storage: 'refused', storageCode: refusal };
  }
}
