/** Limits how many actions run at the same time. The one that has waited longest gets the next free slot. */
export type Slots = { take(): Promise<void>; free(): void };

export function createSlots(count: number): Slots {
  const waiting: (() => void)[] = [];
  let left = count;
  return {
    async take() {
      if (left > 0) left -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
    },
    free() {
      const next = waiting.shift();
      if (next === undefined) left += 1;
      else next();
    },
  };
}

/**
 * Runs `act` for each item. An item is read only when a slot is free for it. Several calls may share the same slots. After
 * an error no further item is read; the error is thrown when the actions that are running have ended.
 */
export async function forEachAtOnce<T>(
  items: AsyncIterable<T>,
  slots: Slots,
  act: (item: T) => Promise<void>,
): Promise<void> {
  const source = items[Symbol.asyncIterator]();
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];

  async function actIn(item: T): Promise<void> {
    try {
      await act(item);
    } catch (error) {
      failures.push(error);
    } finally {
      slots.free();
    }
  }

  async function next(): Promise<IteratorResult<T>> {
    await slots.take();
    try {
      const result = failures.length > 0 ? { done: true as const, value: undefined } : await source.next();
      if (result.done) slots.free();
      return result;
    } catch (error) {
      slots.free();
      failures.push(error);
      return { done: true, value: undefined };
    }
  }

  for (let item = await next(); !item.done; item = await next()) {
    const acting: Promise<void> = actIn(item.value).finally(() => running.delete(acting));
    running.add(acting);
  }
  await Promise.all(running);
  if (failures.length > 0) {
    await source.return?.();
    throw failures[0];
  }
}
