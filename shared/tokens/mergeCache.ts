/**
 * Three-way merge of MSAL's serialized token cache. All MSAL libraries share its schema: sections, and entries by key.
 * Sections and fields that this version does not know are kept. Both grants of a user are merged each for itself (`grants.ts`).
 */
import { type Entries, isEntries, isNewer, type Json, withoutOlder } from './accessTokenEntries.ts';
import { apart, hasGrants, together } from './grants.ts';

/** A request may have a fresh MFA behind it, so its refresh token wins over one that the worker renewed. */
export type CacheWriter = 'request' | 'worker';

/**
 * Applies the changes from `base` to `mine` to `theirs`, which another operation wrote in the meantime.
 * All three are MSAL's serialized cache, or the empty string for no cache.
 */
export function mergeCache(base: string, theirs: string, mine: string, writer: CacheWriter): string {
  const all = [parse(base), parse(theirs), parse(mine)] as const;
  const areLinked = all.some(hasGrants);
  const [was, other, own] = areLinked ? [apart(all[0]), apart(all[1]), apart(all[2])] : all;
  const merged = mergeEach(was, other, own, (section, ...sections) =>
    sections.every((one) => one === undefined || isEntries(one))
      ? mergeSection(section, entriesOf(sections[0]), entriesOf(sections[1]), entriesOf(sections[2]), writer)
      : pick(section, ...sections, writer),
  );
  return JSON.stringify(areLinked ? together(merged) : merged);
}

type Merge = (
  key: string,
  was: Json | undefined,
  other: Json | undefined,
  own: Json | undefined,
) => Json | undefined;

/** Merges key by key. A key may be any text, even the name of a property that every object inherits. */
function mergeEach(was: Entries, other: Entries, own: Entries, merge: Merge): Entries {
  const at = (entries: Entries, key: string) => (Object.hasOwn(entries, key) ? entries[key] : undefined);
  return Object.fromEntries(
    keysOf(was, other, own).flatMap((key) => {
      const value = merge(key, at(was, key), at(other, key), at(own, key));
      return value === undefined ? [] : [[key, value]];
    }),
  );
}

function mergeSection(
  section: string,
  was: Entries,
  other: Entries,
  own: Entries,
  writer: CacheWriter,
): Entries {
  const merged = mergeEach(was, other, own, (_key, ...entries) => pick(section, ...entries, writer));
  return section === 'AccessToken' ? withoutOlder(merged) : merged;
}

function pick(
  section: string,
  was: Json | undefined,
  other: Json | undefined,
  own: Json | undefined,
  writer: CacheWriter,
): Json | undefined {
  if (same(was, own)) return other;
  if (same(was, other)) return own;
  // Both changed it. A change wins over a deletion: Entra refuses an entry too many later, but a lost entry stays lost.
  if (other === undefined) return own;
  if (own === undefined) return other;
  if (section === 'AccessToken') return isNewer(own, other) ? own : other;
  return writer === 'request' ? own : other;
}

const entriesOf = (value: Json | undefined): Entries => (isEntries(value) ? value : {});
const keysOf = (...objects: Entries[]): string[] => [...new Set(objects.flatMap((o) => Object.keys(o)))];
const parse = (cache: string): Entries => (cache === '' ? {} : entriesOf(JSON.parse(cache) as Json));

function same(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => same(item, b[index]));
  }
  if (!isEntries(a) || !isEntries(b)) return false;
  return keysOf(a, b).every((key) => Object.hasOwn(a, key) && Object.hasOwn(b, key) && same(a[key], b[key]));
}
