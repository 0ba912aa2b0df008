/**
 * Finds where two JSON values differ.
 * @returns the path of the first difference, such as `resources.roles.name`; undefined if the values are equal
 */
export function firstDifference(
  one: unknown,
  other: unknown,
  path: readonly string[] = [],
): string | undefined {
  if (!isObject(one) || !isObject(other) || Array.isArray(one) !== Array.isArray(other)) {
    return Object.is(one, other) ? undefined : path.join('.') || 'the whole';
  }
  for (const key of new Set([...Object.keys(one), ...Object.keys(other)])) {
    const found = firstDifference(one[key], other[key], [...path, key]);
    if (found !== undefined) return found;
  }
  return undefined;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
