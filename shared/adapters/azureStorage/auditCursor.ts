import { SHARDS } from '../shards.ts';
import { userRowKeyRange } from './rowKeys.ts';

/** How far an audit has come: the shard, and the row key after which it goes on. */
export type AuditCursor = { shard: string; after: string; isAtEnd: boolean };

const { after: FIRST, before: END } = userRowKeyRange();

/** Reads what {@link cursorText} gave. An audit starts anew at the first shard if it has none, or an unreadable one. */
export function readCursor(text = ''): AuditCursor {
  const [shard, after] = [text.slice(0, 1), text.slice(1)];
  return SHARDS.includes(shard) && after >= FIRST && after < END
    ? { shard, after, isAtEnd: false }
    : { shard: SHARDS[0] ?? '', after: FIRST, isAtEnd: false };
}

/** The cursor as text: the shard, which is one character, and the row key. Undefined at the end of the last shard. */
export function cursorText({ shard, after, isAtEnd }: AuditCursor): string | undefined {
  if (!isAtEnd) return `${shard}${after}`;
  const next = SHARDS[SHARDS.indexOf(shard) + 1];
  return next === undefined ? undefined : `${next}${FIRST}`;
}
