import type { Detail } from '../ui/Notice.tsx';

export const CORRELATION_ID = 'Directory correlation id';

/** The ids that the directory writes into the description of an error, and nothing else of that text. */
export function directoryIds(description: string): Detail[] {
  const told = (label: string, pattern: RegExp): Detail[] => {
    const value = pattern.exec(description)?.[1];
    return value === undefined ? [] : [{ label, value }];
  };
  return [
    ...told(CORRELATION_ID, /Correlation ID: ([\da-f-]{36})/i),
    ...told('Directory trace id', /Trace ID: ([\da-f-]{36})/i),
    ...told('Directory time', /Timestamp: ([\d-]{10} [\d:]{8}Z)/),
  ];
}
