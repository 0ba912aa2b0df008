import { AuthError } from '@azure/msal-browser';
import type { UpstreamReference } from '../../shared/wire.ts';
import type { Refusal } from './callApi.ts';
import type { Detail } from './Details.tsx';
import { signInReference } from './signInText.ts';

const SERVICES = { entra: 'Directory', graph: 'Microsoft Graph' } as const;

/** The codes and ids of an answer that is a refusal. */
export function refusalDetails(refusal: Refusal): Detail[] {
  if (!('code' in refusal)) return [];
  const { code, reference, upstream } = refusal;
  return [
    { label: 'Code', value: code },
    ...(reference === undefined ? [] : [{ label: 'Reference', value: reference }]),
    ...(upstream === undefined ? [] : upstreamDetails(upstream)),
  ];
}

function upstreamDetails({ service, code, ...ids }: UpstreamReference): Detail[] {
  const name = SERVICES[service];
  return [
    { label: `${name} code`, value: code },
    ...(
      [
        ['correlation id', ids.correlationId],
        ['trace id', ids.traceId],
        ['request id', ids.requestId],
        ['time', ids.timestamp],
      ] as const
    ).flatMap(([label, value]) => (value === undefined ? [] : [{ label: `${name} ${label}`, value }])),
  ];
}

/** The same of a sign-in that did not succeed: the directory tells its ids in the description alone. */
export function signInDetails(error: unknown): Detail[] {
  const code = { label: 'Code', value: signInReference(error) };
  if (!(error instanceof AuthError)) return [code];
  const told = (label: string, pattern: RegExp): Detail[] => {
    const value = pattern.exec(error.errorMessage)?.[1];
    return value === undefined ? [] : [{ label: `Directory ${label}`, value }];
  };
  const correlation = told('correlation id', /Correlation ID: ([\da-f-]{36})/i);
  return [
    code,
    ...(correlation.length > 0 || !error.correlationId
      ? correlation
      : [{ label: 'Directory correlation id', value: error.correlationId }]),
    ...told('trace id', /Trace ID: ([\da-f-]{36})/i),
    ...told('time', /Timestamp: ([\d-]{10} [\d:]{8}Z)/),
  ];
}
