/** So many things may be under way at a time; who waits longest goes next. */
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
 * Runs `act` over items, each of which is drawn when a slot is free for it. Callers that share slots take turns. The first
 * error ends the drawing; it is thrown when those that have begun are done.
 */
export async function forEachAtOnce<T>(
  items: AsyncIterable<T>,
  slots: Slots,
  act: (item: T) => Promise<void>,
): Promise<void> {
  const drawn = items[Symbol.asyncIterator]();
  const underWay = new Set<Promise<void>>();
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
      const result = failures.length > 0 ? { done: true as const, value: undefined } : await drawn.next();
      if (result.done) slots.free();
      return result;
    } catch (error) {
      slots.free();
      failures.push(error);
      return { done: true, value: undefined };
    }
  }

  for (let item = await next(); !item.done; item = await next()) {
    const acting: Promise<void> = actIn(item.value).finally(() => underWay.delete(acting));
    underWay.add(acting);
  }
  await Promise.all(underWay);
  if (failures.length > 0) {
    await drawn.return?.();
    throw failures[0];
  }
}
