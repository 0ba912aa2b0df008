import { AuthError } from '@azure/msal-browser';
import type { UpstreamReference } from '../../shared/wire.ts';
import type { Refusal } from './callApi.ts';
import { CORRELATION_ID, type Detail, directoryIds } from './directoryIds.ts';
import { signInReference } from './signInText.ts';

const SERVICES = { entra: 'Directory', graph: 'Microsoft Graph' } as const;

/** The codes and ids of an answer that is a refusal. */
export function refusalDetails(refusal: Refusal): Detail[] {
  if (!('code' in refusal)) return [];
  const { code, at, reference, upstream, scopes = [] } = refusal;
  return [
    { label: 'Code', value: code },
    ...(scopes.length === 0 ? [] : [{ label: 'Missing permissions', value: scopes.join(' ') }]),
    { label: 'Time', value: at },
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
  const code = { label: 'Directory code', value: signInReference(error) };
  if (!(error instanceof AuthError)) return [code];
  const ids = directoryIds(error.errorMessage);
  const hasCorrelation = ids.some(({ label }) => label === CORRELATION_ID);
  return [
    code,
    ...(hasCorrelation || !error.correlationId
      ? []
      : [{ label: CORRELATION_ID, value: error.correlationId }]),
    ...ids,
  ];
}
