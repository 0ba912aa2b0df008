import type { Services } from '../shared/ports.ts';

/** What every verb works with. */
export type Operator = Pick<
  Services,
  'accounts' | 'tokenCache' | 'tenants' | 'logId' | 'schedule' | 'clock'
> & {
  /** One line of what was asked for. Wait for it: it is slow when the reader is. */
  print: (line: string) => Promise<void>;
  /** One line for the operator alone, such as why something was not done. */
  tell: (line: string) => void;
};
