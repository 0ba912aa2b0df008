import type { Person, Token, TokenPost } from './entraTypes.ts';
import { type Facts, isConnected, timeOf } from './facts.ts';
import type { Reasons } from './reasons.ts';
import { grantsIn, slotIn } from './storedTokens.ts';
import type { Columns } from './tableModel.ts';
import type { ProcessLife, World } from './world.ts';

const CLOCKS_MAY_DIFFER_MS = 6 * 60_000;
const CODE_UNTIL = 'code until ';

export type GrantInvariants = ReturnType<typeof createGrantInvariants>;

/** What must hold of the two grants of a user who has linked. No exchange shortens the connection. */
export function createGrantInvariants(world: World, facts: Facts, reasons: Reasons) {
  const { of, rowOf, cacheOf, tokenOf, forbid } = facts;

  /** The user's stored grants, of this connection. */
  function storedGrants(person: Person): { code?: Token; exchange?: Token } {
    const cache = cacheOf(person);
    if (cache === undefined || cache.gen !== rowOf(person)?.generation) return {};
    const { code, exchange } = grantsIn(cache.msal);
    const [ofCode, ofExchange] = [tokenOf(code ?? ''), tokenOf(exchange ?? '')];
    return { ...(ofCode && { code: ofCode }), ...(ofExchange && { exchange: ofExchange }) };
  }

  /** Whether the token endpoint would give a token for it. */
  const isGood = ({ person, grant, ends, issued }: Token): boolean =>
    ends > world.now() &&
    person.policies.graph === undefined &&
    issued > Math.max(person.revokedAt, person.revokedGrantAt[grant]) &&
    person.consented.graph;

  /** True if the one was renewed for the other, in any number of steps. */
  function stemsFrom(one: Token, other: Token): boolean {
    let known: Token | undefined = one;
    while (known !== undefined && known !== other) {
      known = known.parent === undefined ? undefined : tokenOf(known.parent);
    }
    return known !== undefined;
  }

  return {
    hasCode: (person: Person): boolean => storedGrants(person).code !== undefined,

    onCacheStored(person: Person, msal: string): void {
      const { name } = person;
      const { code, exchange } = grantsIn(msal);
      if (code === undefined) return;
      of(person).linkedAt = Math.max(of(person).linkedAt, world.now());
      forbid(
        tokenOf(code)?.grant === 'exchange',
        `an exchange took the place of the code's grant of ${name}`,
      );
      forbid(
        tokenOf(exchange ?? '')?.grant === 'code',
        `a code's grant of ${name} took the place of the exchange`,
      );
      // An earlier release sees this one alone.
      forbid(!slotIn(msal).includes(code), `MSAL's own place has not the longer grant of ${name}`);
    },

    /** The grant of a code goes only if Entra has refused it, or if a newer one comes in its place. */
    onCacheReplaced({ name }: Person, before: string, after: string): void {
      const was = tokenOf(grantsIn(before).code ?? '');
      if (was === undefined) return;
      const is = tokenOf(grantsIn(after).code ?? '');
      if (is === undefined) {
        forbid(!reasons.isOver(was), `the code's grant of ${name} was lost in a write`);
        return;
      }
      // The user may have linked twice at the same time. Both grants are good.
      forbid(
        is.origin !== 'request' && !stemsFrom(is, was),
        `an older grant took the place of the code's grant of ${name}`,
      );
    },

    /** The worker goes by the grant that lasts longer, and by the other one only once that is refused. */
    onPost({ by, person, grant, presented, correlationId }: TokenPost): void {
      if (grant !== 'refresh' || presented?.grant !== 'exchange') return;
      const { code } = storedGrants(person);
      const storedAt = facts.blobs().blob(person.userId)?.storedAt ?? 0;
      if (code === undefined || storedAt >= facts.leasedAt(person, by)) return;
      forbid(
        code.ends > world.now() && !reasons.wasRefusedToken(code, correlationId),
        `the worker used the shorter grant of ${person.name}`,
      );
    },

    /** A user is needed only if no grant of theirs brings a token any more. */
    onMarked(by: ProcessLife, person: Person): void {
      const leasedAt = facts.leasedAt(person, by);
      const storedAt = facts.blobs().blob(person.userId)?.storedAt ?? 0;
      const isOther = reasons.wasRefused(person, 'graph', leasedAt, 'challenged', 'consent', 'lacks-scope');
      if (storedAt >= leasedAt || isOther) return;
      const { code, exchange } = storedGrants(person);
      forbid(
        [code, exchange].some((one) => one !== undefined && isGood(one)),
        `${person.name} was marked, and a grant of theirs is good`,
      );
    },

    /** An account promises the end of a grant that is stored, and nothing but a refusal of it takes the promise back. */
    onAccountStored(person: Person, before: Columns | undefined, after: Columns): void {
      if (!isConnected(after.state) || before?.generation !== after.generation) return;
      const { name } = person;
      const [was, is] = [promiseOf(before), promiseOf(after)];
      const { code, exchange } = storedGrants(person);
      if (is !== undefined && is !== was) {
        // The exchange goes on after the code.
        const isKept =
          code !== undefined && Math.max(code.ends, exchange?.ends ?? 0) + CLOCKS_MAY_DIFFER_MS > is;
        forbid(
          !isKept && of(person).cacheDamagedUntil < world.now(),
          `the account of ${name} promises a grant that is not stored`,
        );
      }
      // An exchange whose end is told may last longer.
      const endsAt = timeOf(after.refreshTokenExpiresOn) ?? 0;
      const isShorter = was !== undefined && endsAt < was - CLOCKS_MAY_DIFFER_MS;
      // A visit that heals has proved the exchange alone. The next renewal says the longer end again.
      if (before?.state === 'needs-user') return;
      forbid(
        was !== undefined &&
          is === undefined &&
          endsAt === was &&
          code !== undefined &&
          isGood(code) &&
          !reasons.wasRefusedToken(code),
        `the account of ${name} no longer says that a link keeps it`,
      );
      forbid(
        isShorter && code !== undefined && isGood(code) && !reasons.wasRefusedToken(code),
        `the connection of ${name} was made shorter`,
      );
    },

    /** Whatever a check has met, it promises nothing that is not there when it settles. */
    onSettled(by: ProcessLife, person: Person, after: Columns): void {
      const promised = promiseOf(after);
      const isDisturbed = after.failure || of(person).damagedAt >= facts.leasedAt(person, by);
      forbid(
        after.state === 'active' &&
          !isDisturbed &&
          (promised ?? 0) > world.now() &&
          storedGrants(person).code === undefined,
        `the account of ${person.name} still promises a grant that is not stored`,
      );
    },

    /** One link may succeed for one sign-in, and only that of the user who began it. */
    onLinked(person: Person, signedIn: Person | undefined, times: number): void {
      const { name } = person;
      forbid(times > 1, `one link of ${name} succeeded ${times} times`);
      forbid(times > 0 && signedIn !== person, `${name} was linked, and somebody else had signed in`);
    },
  };
}

/** Until when the account says that the grant of a code keeps the connection. An earlier release leaves the column behind. */
function promiseOf(row: Columns | undefined): number | undefined {
  const [until] = String(row?.grant ?? '').split(',');
  const end = timeOf(row?.refreshTokenExpiresOn);
  return end !== undefined && until === `${CODE_UNTIL}${new Date(end).toISOString()}` ? end : undefined;
}
