/** What holds for two grants in one cache, whoever writes in which order: requests, links, workers, and an earlier release. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GRANTS, showing, withGrant, withoutCode } from '../../../../shared/tokens/grants.ts';
import { type CacheWriter, mergeCache } from '../../../../shared/tokens/mergeCache.ts';
import { type Cache, type Entry, refreshToken, refreshTokenKey } from './mergeCacheSamples.ts';

type Kind = 'link' | 'exchange' | 'renewCode' | 'renewExchange' | 'drop' | 'earlierExchange' | 'earlierRenew';

const NOW = new Date('2026-11-20T09:00:00Z');
const CODE = `code|${refreshTokenKey}`;
const codeIn = (cache: string): string | undefined =>
  entryIn(cache, GRANTS, CODE)?.secret as string | undefined;
const slotIn = (cache: string): string | undefined =>
  entryIn(cache, 'RefreshToken', refreshTokenKey)?.secret as string | undefined;

function entryIn(cache: string, section: string, key: string): Entry | undefined {
  const sections = JSON.parse(cache === '' ? '{}' : cache) as Record<string, Record<string, Entry>>;
  return sections[section]?.[key];
}

function exchangeIn(cache: string): string | undefined {
  const shown = cache === '' ? '{}' : showing(cache, 'exchange');
  return entryIn(shown, 'RefreshToken', refreshTokenKey)?.secret as string | undefined;
}

/** The end that Entra tells of a refresh token: of each one another, and of some none. */
const toldOf = (id: number): Date | undefined =>
  id % 3 === 0 ? undefined : new Date(NOW.getTime() + (id + 1) * 86_400_000);

/** What MSAL makes of the cache that it is shown: a new refresh token in its only place, and all else untouched. */
function msal(shown: string, secret: string): string {
  const sections = JSON.parse(shown === '' ? '{}' : shown) as Cache;
  return JSON.stringify({ ...sections, RefreshToken: { [refreshTokenKey]: refreshToken(secret) } });
}

/** The cache after one operation that began with `base`; undefined if it could not get a token. */
function cacheAfter(base: string, kind: Kind, id: number): { mine: string; writer: CacheWriter } | undefined {
  const code = `code-${id}`;
  const exchange = `exchange-${id}`;
  switch (kind) {
    case 'link':
      return {
        mine: withGrant(base, msal(showing(base, 'code'), code), 'code', NOW, toldOf(id)),
        writer: 'request',
      };
    case 'exchange': {
      const shown = showing(base, 'exchange');
      return { mine: withGrant(base, msal(shown, exchange), 'exchange', NOW, toldOf(id)), writer: 'request' };
    }
    case 'renewCode':
      if (codeIn(base) === undefined) return undefined;
      return {
        mine: withGrant(base, msal(showing(base, 'code'), code), 'code', NOW, toldOf(id)),
        writer: 'worker',
      };
    case 'renewExchange': {
      if (exchangeIn(base) === undefined) return undefined;
      const shown = showing(base, 'exchange');
      return { mine: withGrant(base, msal(shown, exchange), 'exchange', NOW, toldOf(id)), writer: 'worker' };
    }
    case 'drop': {
      if (exchangeIn(base) === undefined || codeIn(base) === undefined) return undefined;
      const left = withoutCode(base);
      return { mine: withGrant(left, msal(left, exchange), 'exchange', NOW, toldOf(id)), writer: 'worker' };
    }
    case 'earlierExchange':
      return { mine: msal(base, exchange), writer: 'request' };
    case 'earlierRenew':
      // It renews whatever is in MSAL's place.
      if (slotIn(base) === undefined) return undefined;
      return { mine: msal(base, slotIn(base)?.startsWith('code') ? code : exchange), writer: 'worker' };
    default:
      return kind satisfies never;
  }
}

const kinds: Kind[] = [
  'link',
  'exchange',
  'renewCode',
  'renewExchange',
  'drop',
  'earlierExchange',
  'earlierRenew',
];
const someKind = fc.constantFrom(...kinds);
/** Steps one after the other, each of which may have begun with what was stored some steps before. */
const steps = fc.array(fc.record({ kind: someKind, behind: fc.nat({ max: 2 }) }), {
  minLength: 1,
  maxLength: 12,
});

/** The merge of an earlier release, to which the section of the grants is one like any other. */
function formerMerge(base: string, theirs: string, mine: string, writer: CacheWriter): string {
  const [was, other, own] = [base, theirs, mine].map((cache) => cache.replace(`"${GRANTS}"`, '"Unknown"'));
  return mergeCache(was ?? '', other ?? '', own ?? '', writer).replace('"Unknown"', `"${GRANTS}"`);
}

/** Plays the steps as `writeCache` would store them. @returns each step with what was stored before and after it */
function play(all: { kind: Kind; behind: number }[]) {
  const stored = [''];
  return all.flatMap(({ kind, behind }, id) => {
    const base = stored.at(-1 - Math.min(behind, stored.length - 1)) ?? '';
    const theirs = stored.at(-1) ?? '';
    const done = cacheAfter(base, kind, id);
    if (done === undefined) return [];
    const { mine, writer } = done;
    const merge = kind.startsWith('earlier') ? formerMerge : mergeCache;
    const now = base === theirs ? mine : merge(base, theirs, mine, writer);
    stored.push(now);
    return [{ kind, id, before: theirs, now }];
  });
}

describe('two grants, in any order of operations', () => {
  it('never have an exchange in the place of the code', () => {
    fc.assert(
      fc.property(steps, (all) => {
        for (const { now } of play(all)) expect(codeIn(now) ?? 'code').toMatch(/^code/);
      }),
      { numRuns: 500 },
    );
  });

  it('lose the code to nothing but a worker whom Entra refused it', () => {
    fc.assert(
      fc.property(steps, (all) => {
        for (const { kind, before, now } of play(all)) {
          if (kind !== 'drop' && codeIn(before) !== undefined) expect(codeIn(now)).toBeDefined();
        }
      }),
      { numRuns: 500 },
    );
  });

  it('keep a new link against a worker who drops or renews the old one', () => {
    fc.assert(
      fc.property(steps, someKind, (all, kind) => {
        const base = play(all).at(-1)?.now ?? '';
        const worker = cacheAfter(base, kind, 100);
        const link = cacheAfter(base, 'link', 200);
        if (worker?.writer !== 'worker' || link === undefined) return;
        expect(codeIn(mergeCache(base, link.mine, worker.mine, 'worker'))).toBe('code-200');
        expect(codeIn(mergeCache(base, worker.mine, link.mine, 'request'))).toBe('code-200');
      }),
    );
  });

  it('keep with each refresh token its own end, and show MSAL none of them', () => {
    fc.assert(
      fc.property(steps, (all) => {
        for (const { now } of play(all)) {
          const { RefreshToken, [GRANTS]: grants = {} } = JSON.parse(now) as Cache;
          expect(JSON.stringify(RefreshToken)).not.toContain('stead_');
          for (const { secret, stead_ends_at: told } of Object.values(grants as Record<string, Entry>)) {
            const own = toldOf(Number(String(secret).split('-')[1]));
            // What an earlier release renewed has none, whatever Entra told it.
            if (told !== undefined) expect(told).toBe(String((own?.getTime() ?? Number.NaN) / 1_000));
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('always leave a refresh token in the place of MSAL, for an earlier release', () => {
    fc.assert(
      fc.property(steps, (all) => {
        for (const { now } of play(all)) expect(slotIn(now)).toBeDefined();
      }),
    );
  });

  it('give an earlier release the code, unless it exchanged itself', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const alone = all.filter(({ kind }) => !kind.startsWith('earlier'));
        for (const { now } of play(alone))
          if (codeIn(now) !== undefined) expect(slotIn(now)).toBe(codeIn(now));
      }),
    );
  });

  it('keep the exchange of a request, if no earlier release renewed the code meanwhile', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const others = all.filter(({ kind }) => kind !== 'earlierRenew');
        for (const { kind, id, now } of play(others)) {
          if (kind === 'exchange' || kind === 'earlierExchange')
            expect(exchangeIn(now)).toBe(`exchange-${id}`);
        }
      }),
    );
  });
});
