import type { AccountStore } from '../../../shared/ports.ts';

/** A store in which somebody else is faster, so many times: `meddle` runs before a move. */
export function meddledAccounts(
  accounts: AccountStore,
  meddle: () => Promise<unknown>,
  times: number,
): AccountStore {
  let left = times;
  return {
    ...accounts,
    async move(from, to) {
      if (left > 0) await meddle();
      left -= 1;
      return accounts.move(from, to);
    },
  };
}
