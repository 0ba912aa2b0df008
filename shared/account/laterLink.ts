import type { UserToken } from '../ports.ts';
import { type Account, tokensOf } from './account.ts';

/**
 * The token that an account may be given. If the user linked while the operation was going on, the account has the end of a
 * grant that the operation did not read, so its token would make the connection shorter than it is.
 * @param begun the account when the operation began
 * @param now the account as it is
 */
export function withLaterLink(token: UserToken, begun: Account, now: Account): UserToken {
  const [was, is] = [codeEndOf(tokensOf(begun)), codeEndOf(tokensOf(now))];
  if (is === undefined || is.getTime() === was?.getTime()) return token;
  if (token.refreshTokenExpiresOn !== undefined && token.refreshTokenExpiresOn >= is) return token;
  const isEndEstimated = !tokensOf(now).isEndTold;
  return { ...token, grant: 'code', refreshTokenExpiresOn: is, isEndEstimated };
}

const codeEndOf = ({
  grant,
  refreshTokenExpiresOn,
}: Partial<Pick<UserToken, 'grant' | 'refreshTokenExpiresOn'>>): Date | undefined =>
  grant === 'code' ? refreshTokenExpiresOn : undefined;
