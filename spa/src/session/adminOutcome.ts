import type { Detail } from '../ui/Notice.tsx';
import { directoryIds } from './directoryIds.ts';

/** What the address says about an administrator's consent. That proves nothing: anybody can make such an address. */
export type Outcome =
  | { state: 'given' }
  | { state: 'refused'; code: string; ids: Detail[] }
  | { state: 'nothing' };

/** The form of an OAuth error code. */
const CODE = /^\w{1,64}$/;

/** @param search the query of the address: https://learn.microsoft.com/entra/identity-platform/v2-admin-consent */
export function readOutcome(search: string): Outcome {
  const parameters = new URLSearchParams(search);
  const error = parameters.get('error');
  if (error !== null) {
    const description = parameters.get('error_description') ?? '';
    const number = /^AADSTS\d{1,10}/.exec(description)?.[0];
    const code = number ?? (CODE.test(error) ? error : 'unknown');
    // A stranger can write any text into an address, so the page shows nothing else of the description.
    return { state: 'refused', code, ids: directoryIds(description) };
  }
  return /^true$/i.test(parameters.get('admin_consent') ?? '') ? { state: 'given' } : { state: 'nothing' };
}
