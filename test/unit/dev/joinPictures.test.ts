import { crc32, deflateSync, inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { joinPictures } from '../../../dev/joinPictures.ts';

type Pixel = readonly [number, number, number];
const [RED, BLUE, GREY]: Pixel[] = [
  [255, 0, 0],
  [0, 0, 255],
  [90, 91, 92],
];

function chunk(type: string, data: Buffer): Buffer {
  const framed = Buffer.alloc(data.length + 12);
  framed.writeUInt32BE(data.length);
  framed.write(type, 4, 'latin1');
  framed.set(data, 8);
  framed.writeUInt32BE(crc32(framed.subarray(4, -4)), data.length + 8);
  return framed;
}

/** A PNG of RGB pixels. Each row has the filter of its number, as if a browser had chosen it. */
function png(rows: readonly (readonly Pixel[])[], { depth = 8, colour = 2 } = {}): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(rows[0]?.length ?? 0, 0);
  head.writeUInt32BE(rows.length, 4);
  head.set([depth, colour, 0, 0, 0], 8);
  const flat = rows.map((row) => row.flat());
  const at = (x: number, y: number): number => (x < 0 ? 0 : (flat[y]?.[x] ?? 0));
  const filtered = flat.flatMap((row, y) => {
    const filter = y % 5;
    return [
      filter,
      ...row.map((value, x) => {
        const [a, b, c] = [at(x - 3, y), at(x, y - 1), at(x - 3, y - 1)];
        const distances = [a, b, c].map((one) => Math.abs(a + b - c - one));
        const nearest = [a, b, c][distances.indexOf(Math.min(...distances))] ?? 0;
        return (value - ([0, a, b, Math.floor((a + b) / 2), nearest][filter] ?? 0)) & 0xff;
      }),
    ];
  });
  const data = deflateSync(Buffer.from(filtered));
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', head),
    chunk('IDAT', data),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunksOf(file: Buffer): { type: string; data: Buffer }[] {
  const chunks = [];
  for (let at = 8; at < file.length; ) {
    const length = file.readUInt32BE(at);
    const named = file.subarray(at + 4, at + 8 + length);
    expect(file.readUInt32BE(at + 8 + length)).toBe(crc32(named));
    chunks.push({ type: named.toString('latin1', 0, 4), data: named.subarray(4) });
    at += length + 12;
  }
  return chunks;
}

const field = Array.from({ length: 6 }, (_, y) =>
  Array.from({ length: 4 }, (_, x): Pixel => [x * 40, y * 30, x * y]),
);
const withPixels = (...changes: [x: number, y: number, pixel: Pixel | undefined][]) =>
  field.map((row, y) =>
    row.map((pixel, x) => changes.find(([cx, cy]) => cx === x && cy === y)?.[2] ?? pixel),
  );

describe('joined pictures', () => {
  const after = withPixels([1, 2, RED], [2, 4, BLUE]);
  const chunks = chunksOf(
    joinPictures([
      { png: png(field), ms: 3_000 },
      { png: png(after), ms: 700 },
      { png: png(after), ms: 1_000 },
    ]),
  );

  it('are one PNG, whose first picture every program can show', () => {
    expect(chunks.map(({ type }) => type)).toEqual([
      ...['IHDR', 'acTL', 'fcTL', 'IDAT', 'fcTL', 'fdAT', 'fcTL', 'fdAT', 'IEND'],
    ]);
    expect(chunks[1]?.data.readUInt32BE()).toBe(3);
    const rows = inflateSync(chunks[3]?.data ?? Buffer.alloc(0));
    expect([...rows]).toEqual(field.flatMap((row) => [0, ...row.flatMap((pixel) => [...pixel, 255])]));
  });

  it('draw only what differs, for as long as they are told', () => {
    const [first, second, same] = chunks.filter(({ type }) => type === 'fcTL').map(({ data }) => data);
    const boxOf = (control: Buffer | undefined) => [4, 8, 12, 16].map((at) => control?.readUInt32BE(at));
    expect(boxOf(first)).toEqual([4, 6, 0, 0]);
    expect(boxOf(second)).toEqual([2, 3, 1, 2]);
    expect(boxOf(same)).toEqual([1, 1, 0, 0]);
    expect([first, second, same].map((control) => control?.readUInt16BE(20))).toEqual([3_000, 700, 1_000]);
    const [drawn] = chunks.filter(({ type }) => type === 'fdAT').map(({ data }) => data.subarray(4));
    const [red, blue, none] = [
      [255, 0, 0, 255],
      [0, 0, 255, 255],
      [0, 0, 0, 0],
    ] as [number[], number[], number[]];
    expect([...inflateSync(drawn ?? Buffer.alloc(0))]).toEqual([
      ...[0, ...red, ...none],
      ...[0, ...none, ...none],
      ...[0, ...none, ...blue],
    ]);
  });

  it('are refused if they are not of one size, or of no kind that it reads', () => {
    const shot = (file: Buffer) => ({ png: file, ms: 1 });
    expect(() => joinPictures([])).toThrow('no picture');
    expect(() => joinPictures([shot(png(field)), shot(png([[GREY ?? [0, 0, 0]]]))])).toThrow('one size');
    expect(() => joinPictures([shot(png(field, { depth: 16 }))])).toThrow('8 bits');
    expect(() => joinPictures([shot(png(field, { colour: 3 }))])).toThrow('8 bits');
    expect(() => joinPictures([shot(Buffer.from('GIF89a..'))])).toThrow('no PNG');
  });
});
