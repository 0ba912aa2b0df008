import type { Refusal } from '@stead/shared/browser/refusal';
import type { UpstreamReference } from '../../../shared/wire.ts';
import type { Detail } from '../ui/Notice.tsx';

/** The codes and ids of a refusal, for the people who can find the failed call by them. */
export function refusalDetails(refusal: Refusal): Detail[] {
  if (refusal.state === 'unexpected') return [{ name: 'status', value: String(refusal.status) }];
  if (refusal.state === 'offline') return [];
  const { code, at, reference, upstream, scopes = [] } = refusal;
  return [
    { name: 'code', value: code },
    ...(scopes.length === 0 ? [] : [{ name: 'scopes' as const, value: scopes.join(' ') }]),
    { name: 'time', value: at },
    ...(reference === undefined ? [] : [{ name: 'reference' as const, value: reference }]),
    ...(upstream === undefined ? [] : upstreamDetails(upstream)),
  ];
}

function upstreamDetails({ service, code, ...ids }: UpstreamReference): Detail[] {
  return [
    { name: `${service}Code`, value: code },
    ...(
      [
        [`${service}CorrelationId`, ids.correlationId],
        [`${service}TraceId`, ids.traceId],
        [`${service}RequestId`, ids.requestId],
        [`${service}Time`, ids.timestamp],
      ] as const
    ).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }])),
  ];
}
