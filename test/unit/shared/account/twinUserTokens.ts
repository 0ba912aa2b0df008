import { UserTokenError } from '../../../../shared/errors.ts';
import type { Sealer, UserToken, UserTokens } from '../../../../shared/ports.ts';
import { mergeCache } from '../../../../shared/tokens/mergeCache.ts';
import { type CacheContext, readSnapshot, writeCache } from '../../../../shared/tokens/storedCache.ts';
import type { UserId } from '../../../../shared/userId.ts';

const HOME = 'home-oid.home-tid';

/** Bound to the user and the generation as the real one is, but readable, and done at once. */
export const plainSealer: Sealer = {
  seal: async (userId, cache, generation) => JSON.stringify([userId, cache, generation]),
  async open(userId, sealed) {
    const [sub, cache, generation] = JSON.parse(sealed) as [string, string, string];
    return sub === userId ? { ok: true, cache, generation, oldKey: false } : { ok: false, reason: 'corrupt' };
  },
};

type Begun = Pick<Parameters<UserTokens['onBehalfOf']>[1], 'isCurrent' | 'stored' | 'onToken'>;

/**
 * The in-memory twin of tokens through MSAL: the same reading and storing of caches, and a token endpoint that
 * answers whenever `wire` does. Every token says for which generation it was issued.
 */
export function createTwinUserTokens(context: CacheContext, wire: () => Promise<unknown>): UserTokens {
  let issued = 0;

  async function issue(
    userId: UserId,
    generation: string | undefined,
    writer: 'request' | 'worker',
    { isCurrent, stored: begun, onToken }: Begun = {},
  ): Promise<UserToken> {
    const snapshot =
      generation === undefined
        ? undefined
        : await readSnapshot(context, userId, generation, { isCurrent, begun });
    if (writer === 'worker' && snapshot?.state !== 'open') {
      throw new UserTokenError({ kind: 'cache-lost', code: 'no_tokens_found' });
    }
    await wire();
    issued += 1;
    const accessToken = `${issued} of ${generation}`;
    const entry = { home_account_id: HOME, secret: accessToken, cached_at: String(issued) };
    const got = JSON.stringify({ AccessToken: { [issued]: entry }, RefreshToken: { only: entry } });
    const usable = { accessToken, permissions: undefined, source: 'network' } as const;
    const onChecked = () => onToken?.(usable);
    const mine = mergeCache('', snapshot?.base ?? '', got, 'request');
    const written =
      generation === undefined || snapshot === undefined
        ? undefined
        : (
            await writeCache(context, {
              userId,
              generation,
              snapshot,
              mine,
              homeAccountId: HOME,
              writer,
              onChecked,
            })
          )?.etag;
    return {
      ...usable,
      expiresOn: new Date(Date.now() + 3_600_000),
      homeAccountId: HOME,
      refreshTokenExpiresOn: undefined,
      stored: written !== undefined,
      written,
      oldKey: false,
    };
  }

  return {
    onBehalfOf: (_operation, { caller, generation, ...begun }) =>
      issue(caller.userId, generation, 'request', begun),
    silent: (_operation, { userId, generation }) => issue(userId, generation, 'worker'),
  };
}
