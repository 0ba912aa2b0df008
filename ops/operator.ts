import type { App } from '../shared/stead.ts';

/** What every verb works with. */
export type Operator = Pick<App, 'accounts' | 'tokenCache' | 'tenants' | 'logId' | 'schedule'> & {
  now: () => Date;
  /** One line of what was asked for. Wait for it: it is slow when the reader is. */
  print: (line: string) => Promise<void>;
  /** One line for the operator alone, such as why something was not done. */
  tell: (line: string) => void;
};
