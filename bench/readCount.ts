import { UsageError } from '../dev/readArguments.ts';

/** @throws {UsageError} */
export function readCount(option: string, value: string): number {
  if (!/^[1-9]\d{0,6}$/.test(value)) {
    throw new UsageError(`${option}: ${JSON.stringify(value)} is not a whole number from 1 to 9999999.`);
  }
  return Number(value);
}
