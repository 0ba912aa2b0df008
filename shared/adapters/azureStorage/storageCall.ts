import { type Clock, systemClock, withTimeout } from '../../clock.ts';
import { ConflictError, UnavailableError } from '../../errors.ts';

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
 * Runs what a store does with its SDK. The signal handed to the operation also ends after 6 s, and must be passed
 * on to every call: neither SDK gives up by itself on a server that does not answer.
 * @throws {ConflictError} as `operation` threw it.
 * @throws {UnavailableError} for everything else that it threw, with a {@link StorageError} as the cause.
 */
export type StorageCall = <T>(
  operation: (abortSignal: AbortSignal) => Promise<T>,
  signal: AbortSignal | undefined,
) => Promise<T>;

/** The {@link StorageCall} of one store. */
export const createStorageCall =
  (dependency: UnavailableError['dependency'], clock: Clock = systemClock): StorageCall =>
  async (operation, signal) => {
    try {
      return await withTimeout(clock, TIMEOUT_MS, operation, signal);
    } catch (error) {
      if (error instanceof ConflictError) throw error;
      throw new UnavailableError(dependency, { cause: new StorageError(codeOf(error), statusOf(error)) });
    }
  };

export const hasStatus = (error: unknown, ...statusCodes: number[]): boolean =>
  statusCodes.some((statusCode) => statusCode === statusOf(error));

/**
 * The service's code for an error, wherever it is. Azure's blob service sends it in the header `x-ms-error-code`, an
 * answer to HEAD included, which has no body. Azure's table service sends it in the body alone: as `odata.error` in
 * JSON, or as an element `code` in XML where it did not heed what the request accepts.
 */
export function codeOf(error: unknown): string | undefined {
  const { code, details, response, name } = error as {
    code?: unknown;
    details?: { errorCode?: unknown; odataError?: { code?: unknown } };
    response?: { bodyAsText?: unknown };
    name?: unknown;
  };
  const candidates = [
    code,
    details?.errorCode,
    details?.odataError?.code,
    codeIn(response?.bodyAsText),
    name,
  ];
  return candidates.find((one): one is string => typeof one === 'string' && /^\w+$/.test(one));
}

/** Of a body that the SDK did not read: that of a refused entity-group transaction, or one in XML. */
const CODE_IN_JSON = /"odata\.error"\s*:\s*\{\s*"code"\s*:\s*"(\w+)"/;
const CODE_IN_XML = /<(?:\w+:)?code>(\w+)</i;

const codeIn = (body: unknown): string | undefined =>
  typeof body === 'string' ? (CODE_IN_JSON.exec(body) ?? CODE_IN_XML.exec(body))?.[1] : undefined;

function statusOf(error: unknown): number | undefined {
  const { statusCode } = error as { statusCode?: unknown };
  return typeof statusCode === 'number' ? statusCode : undefined;
}

/** Every answer of the services has an ETag; the SDKs' types do not say so. */
export function present(etag: string | undefined): string {
  if (etag === undefined) throw new StorageError('NoETag', undefined);
  return etag;
}
