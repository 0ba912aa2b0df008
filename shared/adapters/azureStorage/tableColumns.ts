/** Readers of columns. A person or a later version may have written anything, so what makes no sense counts as absent. */

/** A column that is a time. */
export const timeIn = (value: unknown): Date | undefined => (value instanceof Date ? value : undefined);

/** A column that is JSON. */
export function jsonIn(value: unknown): unknown {
  try {
    return typeof value === 'string' ? JSON.parse(value) : undefined;
  } catch {
    return undefined;
  }
}
