/**
 * Its JSON; undefined for what JSON would lose, such as a function, NaN, an invalid date, a map, a `Response` or a promise that
 * was not awaited.
 */
export function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value, function (this: Record<string, unknown>, name, part: unknown) {
      if (isJson(part) && !isLostByToJson(this[name])) return part;
      throw new TypeError('It would be lost.');
    });
  } catch {
    // The error may come from the value itself, so nothing of it is told.
    return undefined;
  }
}

/** The `toJSON` of a `Buffer` gives a list of numbers, which nobody means, and that of an invalid date gives null. */
const isLostByToJson = (value: unknown): boolean =>
  value instanceof Uint8Array || (value instanceof Date && Number.isNaN(value.getTime()));

/** Members that are undefined are left out, as JSON does. */
function isJson(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null)
    return typeof value !== 'function' && typeof value !== 'symbol';
  return ['[object Object]', '[object Array]'].includes(Object.prototype.toString.call(value));
}
