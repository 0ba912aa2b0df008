/** Readers of the properties of Graph's objects, and the refusal of one that has another type. */
import { GraphError } from './entraError.ts';
import type { GraphObject } from './graphTable.ts';
import { isRecord } from './input.ts';

export const badRequest = (message: string, code = 'Request_BadRequest'): GraphError =>
  new GraphError(400, code, message);

export const listOf = (value: unknown, what: string): unknown[] => {
  if (!Array.isArray(value)) throw badRequest(`Invalid value specified for property '${what}'.`);
  return value;
};

export const textsOf = (value: unknown, what: string): string[] =>
  listOf(value, what).map((one) => {
    if (typeof one !== 'string') throw badRequest(`Invalid value specified for property '${what}'.`);
    return one;
  });

/** A complex property; empty if it is not there. */
export const member = (object: GraphObject, name: string): Record<string, unknown> => {
  const value = object[name];
  return isRecord(value) ? value : {};
};
