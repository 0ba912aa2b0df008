import type { Refusal } from '@stead/shared/browser/refusal';
import type { UpstreamReference } from '../../../shared/wire.ts';
import type { Detail } from '../ui/Notice.tsx';

const SERVICES = { entra: 'Directory', graph: 'Microsoft Graph' } as const;

/** The codes and ids of a refusal, for the people who can find the failed call by them. */
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
