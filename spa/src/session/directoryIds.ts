import type { Detail, DetailName } from '../ui/Notice.tsx';

/**
 * The ids that the directory writes into the description of an error, and nothing else of that text. This file does
 * not import MSAL, because the page for administrators must not load it.
 */
export function directoryIds(description: string): Detail[] {
  const found = (name: DetailName, pattern: RegExp): Detail[] => {
    const value = pattern.exec(description)?.[1];
    return value === undefined ? [] : [{ name, value }];
  };
  return [
    ...found('entraCorrelationId', /Correlation ID: ([\da-f-]{36})/i),
    ...found('entraTraceId', /Trace ID: ([\da-f-]{36})/i),
    ...found('entraTime', /Timestamp: ([\d-]{10} [\d:]{8}Z)/),
  ];
}
