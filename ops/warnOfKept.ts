import type { Operator } from './operator.ts';

/** Erased is not gone where the storage account keeps what was deleted. */
export async function warnOfKept({ tokenCache, tell }: Operator): Promise<void> {
  const days = await tokenCache.keepsRemovedForDays();
  if (days === undefined) return;
  tell(
    `Soft delete is on: the storage account keeps every erased token cache for ${days} days. docs/runbook.md, "What keeps erased secrets", says how to turn it off.`,
  );
}
