import { isRecord } from '../../shared/isRecord.ts';

/** The object that a JSON text holds. It is empty if the text is something else, so its members have to be checked. */
export function readObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}
