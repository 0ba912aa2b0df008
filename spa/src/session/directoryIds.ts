import type { Detail } from '../ui/Notice.tsx';

export const CORRELATION_ID = 'Directory correlation id';

/**
 * The ids that the directory writes into the description of an error, and nothing else of that text. This file does
 * not import MSAL, because the page for administrators must not load it.
 */
export function directoryIds(description: string): Detail[] {
  const found = (label: string, pattern: RegExp): Detail[] => {
    const value = pattern.exec(description)?.[1];
    return value === undefined ? [] : [{ label, value }];
  };
  return [
    ...found(CORRELATION_ID, /Correlation ID: ([\da-f-]{36})/i),
    ...found('Directory trace id', /Trace ID: ([\da-f-]{36})/i),
    ...found('Directory time', /Timestamp: ([\d-]{10} [\d:]{8}Z)/),
  ];
}
