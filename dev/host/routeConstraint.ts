import { HostError } from './hostError.ts';

export type Constraint = (value: string) => boolean;

const INT_MAX = 2n ** 31n - 1n;
const LONG_MAX = 2n ** 63n - 1n;

const integerUpTo = (max: bigint) => (value: string) =>
  /^[+-]?\d{1,19}$/.test(value) && BigInt(value) <= max && BigInt(value) >= -max - 1n;
const isNumber: Constraint = (value) => /^[+-]?(?:\d+\.?\d*|\.\d+)$/.test(value);
const isLong = integerUpTo(LONG_MAX);

const TYPES: Record<string, Constraint> = {
  int: integerUpTo(INT_MAX),
  long: isLong,
  bool: (value) => /^(?:true|false)$/i.test(value),
  alpha: (value) => /^[a-z]*$/i.test(value),
  decimal: isNumber,
  double: isNumber,
  float: isNumber,
  guid: (value) => /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/i.test(value),
  datetime: (value) => !Number.isNaN(Date.parse(value)),
  required: (value) => value !== '',
};

const BOUNDS: Record<string, (value: string, a: bigint, b: bigint) => boolean> = {
  minlength: (value, a) => BigInt(value.length) >= a,
  maxlength: (value, a) => BigInt(value.length) <= a,
  length: (value, a, b) => BigInt(value.length) >= a && BigInt(value.length) <= b,
  min: (value, a) => isLong(value) && BigInt(value) >= a,
  max: (value, a) => isLong(value) && BigInt(value) <= a,
  range: (value, a, b) => isLong(value) && BigInt(value) >= a && BigInt(value) <= b,
};

/**
 * A route constraint by name and the text between its parentheses.
 * Source: "Routing in ASP.NET Core", route constraints.
 * @throws HostError when there is no such constraint or its arguments are malformed.
 */
export function parseConstraint(name: string, args: string | undefined, template: string): Constraint {
  const fail = () =>
    new HostError(
      `Route "${template}": there is no constraint "${name}${args === undefined ? '' : `(${args})`}".`,
    );
  const key = name.toLowerCase();
  if (key === 'regex' && args !== undefined) {
    try {
      const pattern = new RegExp(args, 'i');
      return (value) => pattern.test(value);
    } catch {
      throw fail();
    }
  }
  const type = Object.hasOwn(TYPES, key) ? TYPES[key] : undefined;
  if (type && args === undefined) return type;
  const bound = Object.hasOwn(BOUNDS, key) ? BOUNDS[key] : undefined;
  const [, a, b = a] = /^\s*(-?\d+)\s*(?:,\s*(-?\d+)\s*)?$/.exec(args ?? '') ?? [];
  if (!bound || a === undefined || b === undefined) throw fail();
  return (value) => bound(value, BigInt(a), BigInt(b));
}
