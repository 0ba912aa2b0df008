import type { UserId } from './userId.ts';

/** `sealed` is empty if the content is larger than any cache. Such a content is not read, because it cannot be opened. */
export type StoredCache = { sealed: string; etag: string };

/** What a store knows of a cache beside its content: when it was last written, and its size. */
export type CacheMetadata = { storedAt: Date; bytes: number };

/** Stores one sealed cache for each user, with optimistic concurrency by ETags. The store does not know the content. */
export interface TokenCacheStore {
  /**
   * @returns undefined if the user has no cache
   * @throws {UnavailableError} the store cannot be reached.
   */
  read(userId: UserId, signal?: AbortSignal | undefined): Promise<StoredCache | undefined>;
  /**
   * Writes the cache.
   * @param ifMatch the ETag of the version to replace; undefined if there must be no cache yet
   * @returns the new ETag; that of the stored version if it is the same content, because the answer to a write may be lost and
   * the write sent again
   * @throws {ConflictError} another version is stored, or the cache to replace no longer exists.
   * @throws {UnavailableError} the store cannot be reached.
   */
  write(
    userId: UserId,
    sealed: string,
    ifMatch: string | undefined,
    signal?: AbortSignal | undefined,
  ): Promise<string>;
  /**
   * Deletes the cache. It succeeds if there is no cache.
   * @param ifMatch the ETag of the version to delete; undefined deletes any version
   * @throws {ConflictError} another version is stored.
   * @throws {UnavailableError} the store cannot be reached.
   */
  remove(userId: UserId, ifMatch?: string | undefined, signal?: AbortSignal | undefined): Promise<void>;
  /**
   * Reads what the store knows of a cache, without its content.
   * @returns undefined if the user has no cache
   * @throws {UnavailableError} the store cannot be reached.
   */
  metadata(userId: UserId, signal?: AbortSignal | undefined): Promise<CacheMetadata | undefined>;
  /**
   * Lists the users who have a cache: all of them, or those of one tenant. Pages are read on demand. Stored things that
   * are not named by a user id are skipped.
   * @throws {UnavailableError} the store cannot be reached.
   */
  list(tid?: string | undefined, signal?: AbortSignal | undefined): AsyncIterable<UserId>;
  /**
   * How many days the store keeps a deleted cache; undefined if it does not keep it, as far as it knows; `not-allowed` if
   * the store does not tell us.
   * @throws {UnavailableError} the store cannot be reached.
   */
  keepsRemovedForDays(signal?: AbortSignal | undefined): Promise<number | 'not-allowed' | undefined>;
  /** Whether the store has asked for fewer requests within the last seconds. A store that cannot tell leaves this out. */
  isBusy?(): boolean;
}
