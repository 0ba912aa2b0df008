import { type Clock, systemClock, withTimeout } from '../../clock.ts';
import { ConflictError, StoreCredentialError, UnavailableError } from '../../errors.ts';
import { storageRefusal, storageRemedy } from './storageRemedy.ts';

/** The time limit of one operation, with its retries and pauses. It is short because a request waits for it. */
const TIMEOUT_MS = 6_000;
/** How long a store counts as busy after it has asked for fewer requests. */
export const BUSY_FOR_MS = 10_000;

/**
 * What may be logged of an error of a storage SDK. The SDK's own message, request and response have URLs with user ids.
 */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  /** The service's error code (`BlobNotFound`), the network's (`ECONNREFUSED`), or the name of the error. */
  readonly code: string | undefined;
  readonly statusCode: number | undefined;

  constructor(code: string | undefined, statusCode: number | undefined) {
    super([code, statusCode].filter((part) => part !== undefined).join(' '));
    this.code = code;
    this.statusCode = statusCode;
  }
}

/**
 * Runs one operation of a store with its SDK. The operation gets a signal that also aborts after 6 seconds. It must pass
 * the signal to every call of the SDK, because the SDKs wait for ever for a server that does not answer.
 * @throws {ConflictError} the operation threw it.
 * @throws {UnavailableError} the operation threw another error; the cause is a {@link StorageError}.
 */
export type StorageCall = <T>(
  operation: (abortSignal: AbortSignal) => Promise<T>,
  signal: AbortSignal | undefined,
) => Promise<T>;

/**
 * The {@link StorageCall} of one store.
 * @param clock measures the 6 seconds; default: the platform's clock
 * @param onBusy is called if an operation failed because the service asks for fewer requests (503)
 */
export const createStorageCall =
  (
    dependency: UnavailableError['dependency'],
    clock: Clock = systemClock,
    onBusy: () => void = () => {},
  ): StorageCall =>
  async (operation, signal) => {
    try {
      return await withTimeout(clock, TIMEOUT_MS, operation, signal);
    } catch (error) {
      if (error instanceof ConflictError) throw error;
      const code = codeOf(error);
      const remedy = error instanceof StoreCredentialError ? error.remedy : storageRemedy(code);
      const status = statusOf(error);
      if (status === 503) onBusy();
      const refusal = storageRefusal(code, status);
      throw new UnavailableError(dependency, { cause: new StorageError(code, status), remedy, refusal });
    }
  };

export const hasStatus = (error: unknown, ...statusCodes: number[]): boolean =>
  statusCodes.some((statusCode) => statusCode === statusOf(error));

/**
 * Finds the service's code of an error. Azure's blob service sends it in the header `x-ms-error-code`, also for HEAD,
 * whose answer has no body. Azure's table service sends it only in the body: as `odata.error` in JSON, or as the element
 * `code` in XML if it ignored the request's `Accept` header.
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

/** Find the code in a body that the SDK did not read: of a refused entity-group transaction, or in XML. */
const CODE_IN_JSON = /"odata\.error"\s*:\s*\{\s*"code"\s*:\s*"(\w+)"/;
const CODE_IN_XML = /<(?:\w+:)?code>(\w+)</i;

const codeIn = (body: unknown): string | undefined =>
  typeof body === 'string' ? (CODE_IN_JSON.exec(body) ?? CODE_IN_XML.exec(body))?.[1] : undefined;

function statusOf(error: unknown): number | undefined {
  const { statusCode } = error as { statusCode?: unknown };
  return typeof statusCode === 'number' ? statusCode : undefined;
}

/** Every answer of the services has an ETag, but the SDKs' types allow it to be missing. */
export function present<T>(header: T | undefined, missing = 'NoETag'): T {
  if (header === undefined) throw new StorageError(missing, undefined);
  return header;
}
