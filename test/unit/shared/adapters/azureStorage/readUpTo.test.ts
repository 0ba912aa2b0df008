import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { readUpTo } from '../../../../../shared/adapters/azureStorage/readUpTo.ts';

/** Chunks of 4 bytes, of which as many are made as somebody reads. */
function chunks(count: number) {
  const made = { chunks: 0 };
  function* make() {
    for (; made.chunks < count; made.chunks += 1) yield Buffer.from('é12');
  }
  return { made, stream: Readable.from(make(), { highWaterMark: 1 }) };
}

it('reads a stream that is as long as the bound, whole', async () => {
  expect((await readUpTo(8, chunks(2).stream))?.toString('utf8')).toBe('é12é12');
  expect((await readUpTo(8, Readable.from([])))?.length).toBe(0);
});

it('stops at the bound, counted in bytes, and ends the stream', async () => {
  const { made, stream } = chunks(1_000);
  expect(await readUpTo(7, stream)).toBeUndefined();
  expect(stream.destroyed).toBe(true);
  expect(made.chunks).toBeLessThan(10);
  expect(await readUpTo(7, Readable.from(['é12é12']))).toBeUndefined();
});
