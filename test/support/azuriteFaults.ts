import { inspect } from 'node:util';
import { expect } from 'vitest';
import { UnavailableError } from '../../shared/errors.ts';
import { partsOf, type UserId } from '../../shared/userId.ts';
import type { Answer } from './azuriteProxy.ts';

/** A refusal with its code in the header, as the blob service sends it, and in the body, as the table service does. */
export const refusal = (status: number, code: string, headers: Record<string, string> = {}): Answer => ({
  status,
  headers: { 'x-ms-error-code': code, 'content-type': 'application/json;odata=minimalmetadata', ...headers },
  body: JSON.stringify({ 'odata.error': { code, message: { lang: 'en-US', value: code } } }),
});

/** What a service says that has too much to do. The table SDK is told to try again soon. */
export const BUSY = refusal(503, 'ServerBusy', { 'retry-after-ms': '20' });

/** What a service says of a transaction if one of its rows has changed. */
export const CONFLICT = refusal(412, 'UpdateConditionNotSatisfied');

export const FORBIDDEN = refusal(403, 'AuthorizationFailure');

/** Expects an outage that says why, and says of no user that it was theirs. */
export async function expectOutage(operation: Promise<unknown>, user: UserId, why: string): Promise<void> {
  const error: unknown = await operation.then(
    () => undefined,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(UnavailableError);
  const printed = inspect(error, { depth: 20, showHidden: true });
  expect(printed).toContain(why);
  const { tid, oid } = partsOf(user);
  for (const secret of [tid, oid, 'http:', 'devstoreaccount1']) expect(printed).not.toContain(secret);
}

/** Waits for something that another operation brings about. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5));
}
