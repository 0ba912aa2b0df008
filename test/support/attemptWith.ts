import type { Operation } from '../../shared/ports.ts';
import { NOTHING_SENT } from '../../shared/requests/asUser.ts';
import { attemptFunction } from '../../shared/requests/attemptFunction.ts';
import type { UserFunction } from '../../shared/requests/defineFunction.ts';
import type { App } from '../../shared/tokens/app.ts';
import { partsOf } from '../../shared/userId.ts';
import { sampleActive } from './sampleAccount.ts';
import { sampleToken } from './sampleToken.ts';

const AN_HOUR = 3_600_000;

/** Runs a function once, with a token that was got elsewhere. */
export function attemptWith<T>(
  app: App,
  fn: UserFunction<T>,
  operation: Operation = { log: () => undefined },
  token = sampleToken(new Date(app.clock.now().getTime() + AN_HOUR), { permissions: ['user.read'] }),
): Promise<T> {
  const { userId, userPrincipalName } = sampleActive();
  const { expiresOn } = token;
  const caller = { userId, ...partsOf(userId), userPrincipalName, expiresOn, assertion: 'an assertion' };
  return attemptFunction(app, operation, {
    fn,
    caller,
    token,
    request: NOTHING_SENT,
    onThrottled: () => undefined,
  });
}
