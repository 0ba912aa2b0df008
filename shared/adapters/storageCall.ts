import { ConflictError, UnavailableError } from '../errors.ts';
import { withTimeout } from '../withTimeout.ts';

/** A request waits behind every operation, its tries and pauses included. */
const TIMEOUT_MS = 6_000;

/**
 * What may be told of a storage SDK's error. Its own message, request and response hold URLs, and those hold
 * user ids.
 */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  /** The service's error code, such as `BlobNotFound`, the network's, such as `ECONNREFUSED`, or an error's name. */
  readonly code: string | undefined;
  readonly statusCode: number | undefined;

  constructor(code: string | undefined, statusCode: number | undefined) {
    super([code, statusCode].filter((part) => part !== undefined).join(' '));
    this.code = code;
    this.statusCode = statusCode;
  }
}

/**
 * Runs what a store does with its SDK. The signal handed to `operation` also ends after 6 s, and must be passed
 * on to every call: neither SDK gives up by itself on a server that does not answer.
 * @throws {ConflictError} as `operation` threw it.
 * @throws {UnavailableError} for everything else that it threw, with a {@link StorageError} as the cause.
 */
export async function storageCall<T>(
  dependency: UnavailableError['dependency'],
  operation: (abortSignal: AbortSignal) => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  try {
    return await withTimeout(TIMEOUT_MS, operation, signal);
  } catch (error) {
    if (error instanceof ConflictError) throw error;
    throw new UnavailableError(dependency, { cause: new StorageError(codeOf(error), statusOf(error)) });
  }
}

export const hasStatus = (error: unknown, ...statusCodes: number[]): boolean =>
  statusCodes.some((statusCode) => statusCode === statusOf(error));

/** Both SDKs' `RestError` has the code in `code`, or in `details` where they did not read the answer's body. */
export function codeOf(error: unknown): string | undefined {
  const { code, details, name } = error as {
    code?: unknown;
    details?: { errorCode?: unknown };
    name?: unknown;
  };
  return [code, details?.errorCode, name].find((one) => typeof one === 'string' && /^\w+$/.test(one)) as
    | string
    | undefined;
}

function statusOf(error: unknown): number | undefined {
  const { statusCode } = error as { statusCode?: unknown };
  return typeof statusCode === 'number' ? statusCode : undefined;
}

/** Every answer of the services has an ETag; the SDKs' types do not say so. */
export function present(etag: string | undefined): string {
  if (etag === undefined) throw new StorageError('NoETag', undefined);
  return etag;
}
