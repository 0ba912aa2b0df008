import type { Duration, RetryOptions } from './coreTypes.ts';

/**
 * Milliseconds to wait before a retry; `retry` counts from 0. fixedDelay waits `delayInterval`; exponentialBackoff
 * doubles `minimumInterval` up to `maximumInterval`.
 * Source: "Retry policies" in Azure's docs, functions-bindings-error-pages.
 */
export function retryDelayMs(options: RetryOptions, retry: number): number {
  const ms = (duration: Duration | undefined) => (duration?.seconds ?? 0) * 1000;
  switch (options.retryStrategy) {
    case 'fixedDelay':
      return ms(options.delayInterval);
    case 'exponentialBackoff':
      return Math.min(ms(options.minimumInterval) * 2 ** retry, ms(options.maximumInterval));
    default:
      return options.retryStrategy satisfies never;
  }
}
