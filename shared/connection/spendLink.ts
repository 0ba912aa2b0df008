import { type Connected, isConnected, type PendingLink, type Stored } from '../account/account.ts';
import { changeAccount } from '../account/changeAccount.ts';
import { nowByStore } from '../account/nowByStore.ts';
import type { App } from '../tokens/app.ts';
import type { LinkResult } from '../wire.ts';
import type { LinkTicketText } from './linkTexts.ts';
import { unavailableIfBusy } from './unavailableIfBusy.ts';

export type Spent =
  | { ok: true; account: Stored<Connected> }
  | { ok: false; result: Extract<LinkResult, 'ended' | 'used' | 'expired'> };

/**
 * Spends one step of a link: of several requests with the same sealed text, at any instance, one gets it.
 * @param next what the account becomes
 * @throws {UnavailableError} the accounts cannot be reached, or changed on every try.
 */
export async function spendLink(
  app: App,
  text: LinkTicketText,
  step: PendingLink['step'],
  next: (account: Connected) => Connected,
): Promise<Spent> {
  const now = nowByStore(app);
  if (now.getTime() >= text.until) return { ok: false, result: 'expired' };
  const { before, account, changed } = await unavailableIfBusy(() =>
    changeAccount(app, text.userId, (known) => {
      const isTheirs = known !== undefined && isConnected(known) && known.generation === text.generation;
      if (!isTheirs || known.link?.id !== text.id || known.link.step !== step) return 'keep';
      return next(known);
    }),
  );
  if (changed && account !== undefined && isConnected(account)) return { ok: true, account };
  const isConnection = before !== undefined && isConnected(before) && before.generation === text.generation;
  return { ok: false, result: isConnection ? 'used' : 'ended' };
}
