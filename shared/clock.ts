/**
 * Runs an operation with a signal that ends after `ms`, or with the caller's own; nothing of it is left when the
 * operation is over. `AbortSignal.any` over a run's signal keeps a little of every operation until the run ends, and
 * `AbortSignal.timeout` a timer until its time: too much for a run over a hundred thousand users.
 */
export async function withTimeout<T>(
  ms: number,
  operation: (signal: AbortSignal) => Promise<T>,
  callers: AbortSignal | undefined,
): Promise<T> {
  const ending = new AbortController();
  const timer = setTimeout(() => ending.abort(new DOMException('It took too long.', 'TimeoutError')), ms);
  const onAbort = () => ending.abort(callers?.reason);
  if (callers?.aborted) onAbort();
  callers?.addEventListener('abort', onAbort);
  try {
    return await operation(ending.signal);
  } finally {
    clearTimeout(timer);
    callers?.removeEventListener('abort', onAbort);
  }
}
