const AT_ONCE = 16;

/** Runs `act` over items as they come, 16 at a time. The first error ends it, once those begun are done. */
export async function forEachAtOnce<T>(
  items: AsyncIterable<T>,
  act: (item: T) => Promise<void>,
): Promise<void> {
  const source = items[Symbol.asyncIterator]();
  const failures: unknown[] = [];
  async function draw(): Promise<void> {
    try {
      while (failures.length === 0) {
        const { value, done } = await source.next();
        if (done) return;
        await act(value);
      }
    } catch (error) {
      failures.push(error);
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, draw));
  if (failures.length > 0) throw failures[0];
}
