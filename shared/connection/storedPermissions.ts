import type { Connected } from '../account/account.ts';
import type { Operation, Permissions } from '../ports.ts';
import type { App } from '../tokens/app.ts';

const TIMEOUT_MS = 2_000;

/**
 * What the stored tokens of a connection may do. It is one call of the store, which no check and no visit pays for. An answer does
 * not fail for it, and hardly waits for it.
 * @returns undefined if nobody knows
 */
export async function storedPermissions(
  { userTokens, apis, clock }: App,
  operation: Operation,
  { userId, generation, homeAccountId }: Connected,
): Promise<Permissions | undefined> {
  // No cache was stored yet.
  if (homeAccountId === undefined) return undefined;
  const timeout = clock.timeout(TIMEOUT_MS);
  const signal = operation.signal ? AbortSignal.any([operation.signal, timeout]) : timeout;
  const found = await userTokens.permissions?.({ ...operation, signal }, { userId, generation, apis });
  return found && Object.keys(found).length > 0 ? found : undefined;
}
