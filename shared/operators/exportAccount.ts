import { type Account, type Damaged, dueAt, failureOf, type Stored } from '../account/account.ts';
import type { Services } from '../ports.ts';
import type { CacheMetadata } from '../tokenCacheStore.ts';
import type { UserId } from '../userId.ts';

/** Everything that is stored of one user, for a person who asks for their data. It has neither tokens nor claims. */
export type AccountExport = {
  exportedAt: Date;
  /** The user's name in the logs. */
  logId: string;
  userId: UserId;
  /** Null if only a cache is stored. */
  account: ExportedAccount | null;
  /** The row by which a run finds the account: its time, which the account decides. Null for a damaged account. */
  indexEntry: { at: Date } | null;
  tokenCache: CacheMetadata | null;
  /** What is stored of the user, or elsewhere, and not in this export. */
  notIncluded: readonly string[];
};

/**
 * The account's fields as they are, but `hasClaims` in the place of the claims of its failure, and the size of what its tasks
 * remember in the place of that.
 */
type ExportedAccount = Record<string, unknown> & { state: (Account | Damaged)['state'] };

const NOT_INCLUDED = [
  'The content of the token cache: the tokens themselves, and what Entra ID says of the user in them.',
  'What tasks remember of the user, and have told them. It is sealed, and taskMemory has its size. The user reads what they were told at GET /api/connection.',
  'The text of a claims challenge. hasClaims says whether there is one.',
  'The logs. They name the user by logId and end with their own retention.',
  'What a running process remembers for a short time: verified access tokens, cooldowns and limits.',
  'Profiles, photos and other answers of APIs. They are not stored.',
];
const OF_DAMAGED = 'The other columns of the row. Somebody edited it, so they cannot be believed.';

/**
 * Reads what is stored of one user. It opens no cache.
 * @returns undefined if nothing is stored
 * @throws {UnavailableError} a store cannot be reached.
 */
export async function exportAccount(
  { accounts, tokenCache, logId, clock }: Pick<Services, 'accounts' | 'tokenCache' | 'logId' | 'clock'>,
  userId: UserId,
): Promise<AccountExport | undefined> {
  const account = await accounts.read(userId);
  const cache = await tokenCache.metadata(userId);
  if (account === undefined && cache === undefined) return undefined;
  const isDamaged = account?.state === 'damaged';
  return {
    exportedAt: clock.now(),
    logId: logId(userId),
    userId,
    account: account === undefined ? null : exported(account),
    indexEntry: account === undefined || isDamaged ? null : { at: dueAt(account) },
    tokenCache: cache ?? null,
    notIncluded: isDamaged ? [OF_DAMAGED, ...NOT_INCLUDED] : NOT_INCLUDED,
  };
}

/** All fields of the account are exported, so that a field which is added later is not forgotten. */
function exported(account: Stored): ExportedAccount {
  const { userId: _, etag: __, memory, ...others } = { memory: undefined, ...account };
  const fields = { ...others, ...(memory !== undefined && { taskMemory: { bytes: memory.length } }) };
  const found = failureOf(account);
  if (found === undefined) return fields;
  const { claims, ...rest } = found;
  const failure = { ...rest, hasClaims: claims !== undefined };
  return 'trouble' in fields
    ? { ...fields, trouble: { ...fields.trouble, failure } }
    : { ...fields, failure };
}
