import type { BlobChange } from './blobModel.ts';
import type { Person } from './entraTypes.ts';
import { type Facts, isConnected, isTombstone } from './facts.ts';
import type { GrantInvariants } from './grantInvariants.ts';
import { readOpenCache } from './openSealer.ts';
import type { Operations } from './operations.ts';
import { accessTokensIn, grantsIn, refreshTokensIn } from './storedTokens.ts';
import type { createTokenInvariants } from './tokenInvariants.ts';
import type { createWishInvariants } from './wishInvariants.ts';
import type { World } from './world.ts';

/** What must hold of every write of a cache. */
export function createCacheInvariants(
  world: World,
  people: readonly Person[],
  facts: Facts,
  tokens: ReturnType<typeof createTokenInvariants>,
  wishes: ReturnType<typeof createWishInvariants>,
  operations: Operations,
  grants: GrantInvariants,
) {
  const { of, rowOf, tokenOf, forbid } = facts;

  return {
    onBlobChange({ by, name, before, after }: BlobChange): void {
      const person = people.find(({ userId }) => userId === name);
      if (by === undefined || person === undefined) return;
      const was = before === undefined ? undefined : readOpenCache(before);
      const is = after === undefined ? undefined : readOpenCache(after);
      const isWorkers =
        is !== undefined &&
        broughtBy(was?.msal ?? '{}', is.msal).every((secret) => tokenOf(secret)?.origin === 'worker');
      if (!isWorkers) of(person).changesSinceLease += 1;
      if (of(person).cacheDamagedUntil > world.now()) of(person).cacheDamagedUntil = world.now();
      if (after === undefined) {
        const row = rowOf(person);
        const isLiving = isConnected(row?.state) && was !== undefined && row?.generation === was.gen;
        forbid(isLiving, `the cache of ${person.name}'s living connection was deleted`);
        return;
      }
      if (is === undefined) {
        world.violated(`the cache of ${person.name} cannot be opened`);
        return;
      }
      of(person).cacheStoredAt = world.now();
      of(person).cacheStoredBy = by.number;
      onStored(person);
      wishes.onCacheStored(person, of(person).generations);
      const secrets = [...accessTokensIn(is.msal), ...refreshTokensIn(is.msal)];
      const foreign = secrets.some((secret) => tokenOf(secret)?.person !== person);
      forbid(foreign || is.sub !== name, `the cache of ${person.name} has another user's token`);
      grants.onCacheStored(person, is.msal);
      if (was === undefined || was.sub !== name) return;
      const { generations } = of(person);
      forbid(
        generations.indexOf(is.gen) < generations.indexOf(was.gen),
        `an earlier connection overwrote the cache of ${person.name}'s later one`,
      );
      if (is.gen !== was.gen) return;
      grants.onCacheReplaced(person, was.msal, is.msal);
      onRenewed(person, grantsIn(was.msal).exchange, grantsIn(is.msal).exchange);
      onExchanged(person, accessTokensIn(was.msal), is.msal);
      if (by.skewMs === 0) tokens.onCacheReplaced(person, was.msal, is.msal);
    },
  };

  /** Nothing that began after the end stores a secret, unless the user was connected anew. */
  function onStored(person: Person): void {
    const row = rowOf(person);
    if (row !== undefined && !isTombstone(row.state)) return;
    const { endedAt, disturbedAt } = of(person);
    const askedAt = world.askedAt();
    const began = operations.concerning(person, askedAt, askedAt);
    forbid(
      began.every(({ begunAt }) => begunAt > endedAt) && endedAt < askedAt && disturbedAt < endedAt,
      `a cache of ${person.name} was stored by what began after their end`,
    );
  }

  /** Whoever stores what an exchange brought stores its refresh token, too: the user has just signed in for it. */
  function onExchanged({ name }: Person, before: readonly string[], after: string): void {
    for (const secret of accessTokensIn(after)) {
      const token = tokenOf(secret);
      if (token?.origin !== 'request' || before.includes(secret)) continue;
      const isThere = refreshTokensIn(after).some((refresh) => {
        let known = tokenOf(refresh);
        while (known !== undefined && !(known.origin === 'request' && known.issued >= token.issued)) {
          known = known.parent === undefined ? undefined : tokenOf(known.parent);
        }
        return known !== undefined;
      });
      forbid(!isThere, `the refresh token of a visit of ${name} was not stored`);
    }
  }

  /** A refresh token may be replaced by one of the user's own visit, or by one that was got for it. */
  function onRenewed({ name }: Person, was: string | undefined, is: string | undefined): void {
    if (was === undefined || is === was) return;
    if (is === undefined) {
      world.violated(`the refresh token of ${name} was lost in a write`);
      return;
    }
    let ancestor: string | undefined = is;
    while (ancestor !== undefined && ancestor !== was) ancestor = tokenOf(ancestor)?.parent;
    forbid(
      tokenOf(is)?.origin !== 'request' && ancestor !== was,
      `the worker overwrote a newer refresh token of ${name}`,
    );
  }
}

/** The refresh tokens that a write has brought; all of them if it brought none. */
function broughtBy(before: string, after: string): string[] {
  const [known, all] = [refreshTokensIn(before), refreshTokensIn(after)];
  const brought = all.filter((secret) => !known.includes(secret));
  return brought.length > 0 ? brought : all;
}
