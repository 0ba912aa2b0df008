import type { StoredFailure } from '../../account/account.ts';
import type { FailureKind } from '../../errors.ts';
import { isRecord } from '../../isRecord.ts';
import { readClaims } from '../../tokens/challenge.ts';
import { CONSENT_REQUIRED } from '../../tokens/failures.ts';
import { isKeyOf, timeOf } from './tableColumns.ts';

/** Every kind of a failure. */
export const KINDS: Record<FailureKind, true> = {
  'needs-user': true,
  consent: true,
  throttled: true,
  tenant: true,
  transient: true,
  'cache-lost': true,
  misconfigured: true,
};

/** A column holds 64 KiB of UTF-16 (https://learn.microsoft.com/azure/storage/tables/scalability-targets). */
const MAX_FAILURE_LENGTH = 32_000;

type StoredKind = { kind: Exclude<FailureKind, 'consent'>; suberror?: string };

/**
 * An earlier release does not know the kind `consent`, and would ignore the whole failure. Therefore it is stored as
 * `needs-user`, as that release itself stores a missing consent.
 */
export const storedKind = (kind: FailureKind): StoredKind =>
  kind === 'consent' ? { kind: 'needs-user', suberror: CONSENT_REQUIRED } : { kind };

/** Recognises a missing consent, also in rows that the earlier release wrote. A failure with a challenge is not one. */
export const kindOf = ({
  kind,
  code,
  suberror,
  claims,
}: Record<string, unknown> & { kind: FailureKind }): FailureKind =>
  kind === 'needs-user' &&
  claims === undefined &&
  (suberror === CONSENT_REQUIRED || code === CONSENT_REQUIRED || code === 'AADSTS65001')
    ? 'consent'
    : kind;

/** The column has no `askedBy`: this code says that Graph made the challenge, as in the previous release. */
const ASKED_BY_GRAPH = 'graph_401';

/** The failure as JSON. Claims that do not fit are left out. */
export function failureColumn(failure: StoredFailure): string {
  const { claims, askedBy: _, ...rest } = { ...failure, ...storedKind(failure.kind) };
  const whole = JSON.stringify({ ...rest, claims });
  return whole.length <= MAX_FAILURE_LENGTH ? whole : JSON.stringify(rest);
}

/** @returns undefined if it is no failure that this release understands */
export function failureIn(value: unknown): StoredFailure | undefined {
  if (!isRecord(value)) return undefined;
  const { kind, code, suberror } = value;
  // Earlier releases stored challenges that cannot be read. Without one, the user's next visit is an ordinary exchange.
  const claims = readClaims(value.claims);
  const at = timeOf(value.at);
  if (!isKeyOf(KINDS, kind) || typeof code !== 'string' || at === undefined) return undefined;
  return {
    kind: kindOf({ ...value, kind }),
    code,
    ...(typeof suberror === 'string' ? { suberror } : {}),
    ...(claims === undefined ? {} : { claims }),
    ...(code === ASKED_BY_GRAPH ? { askedBy: 'graph' } : {}),
    at,
  };
}
