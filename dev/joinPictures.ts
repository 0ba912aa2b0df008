/**
 * Joins pictures to one that moves: an animated PNG (https://www.w3.org/TR/png-3/). Browsers and the hosts of repositories show it
 * as they show any picture, and a program that does not know it shows the first picture.
 */
import { crc32, deflateSync, inflateSync } from 'node:zlib';

/** A picture, and for how long it is shown. */
export type Shot = { png: Uint8Array; ms: number };

type Pixels = { width: number; height: number; rgba: Uint8Array };
type Box = { left: number; top: number; width: number; height: number };

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');
const RGBA = 4;
/** The pixel stays, and the next picture is drawn over it. */
const [STAYS, OVER] = [0, 1];

/**
 * @param shots of one size, each a PNG with 8 bits a channel and without an alpha channel or with an opaque one, as browsers make it
 * @throws {Error} A picture is not of that kind.
 */
export function joinPictures(shots: readonly Shot[]): Buffer {
  const pictures = shots.map(({ png }) => readPixels(Buffer.from(png)));
  const [first] = pictures;
  if (first === undefined) throw new Error('There is no picture.');
  if (pictures.some(({ width, height }) => width !== first.width || height !== first.height))
    throw new Error('The pictures are not of one size.');
  let sequence = 0;
  const frames = pictures.flatMap((picture, index) => {
    const box = index === 0 ? whole(first) : changedBox(pictures[index - 1] ?? first, picture);
    const data = deflateSync(rowsOf(picture, box, pictures[index - 1]), { level: 9 });
    const control = frameControl(sequence++, box, shots[index]?.ms ?? 0);
    return [control, index === 0 ? chunk('IDAT', data) : chunk('fdAT', withNumber(sequence++, data))];
  });
  const head = Buffer.alloc(13);
  head.writeUInt32BE(first.width, 0);
  head.writeUInt32BE(first.height, 4);
  head.set([8, 6, 0, 0, 0], 8);
  const animation = Buffer.alloc(8);
  animation.writeUInt32BE(shots.length, 0);
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', head),
    chunk('acTL', animation),
    ...frames,
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

const whole = ({ width, height }: Pixels): Box => ({ left: 0, top: 0, width, height });

/** The smallest box that holds every pixel that differs. A picture like the one before has one pixel to draw. */
function changedBox(before: Pixels, after: Pixels): Box {
  const [a, b] = [words(before), words(after)];
  let [left, top, right, bottom] = [after.width, after.height, -1, -1];
  for (let at = 0; at < b.length; at += 1) {
    if (a[at] === b[at]) continue;
    const [x, y] = [at % after.width, Math.floor(at / after.width)];
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  if (right < 0) return { left: 0, top: 0, width: 1, height: 1 };
  return { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/** The rows of a box, each behind its filter (none). What is as before is transparent, which takes next to no room. */
function rowsOf(picture: Pixels, { left, top, width, height }: Box, before: Pixels | undefined): Buffer {
  const rows = Buffer.alloc(height * (1 + width * RGBA));
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const from = ((top + y) * picture.width + left + x) * RGBA;
      const pixel = picture.rgba.subarray(from, from + RGBA);
      const old = before?.rgba.subarray(from, from + RGBA);
      if (old === undefined || pixel.some((value, channel) => value !== old[channel]))
        rows.set(pixel, y * (1 + width * RGBA) + 1 + x * RGBA);
    }
  }
  return rows;
}

function frameControl(sequence: number, { left, top, width, height }: Box, ms: number): Buffer {
  const data = Buffer.alloc(26);
  for (const [index, value] of [sequence, width, height, left, top].entries())
    data.writeUInt32BE(value, index * 4);
  data.writeUInt16BE(ms, 20);
  data.writeUInt16BE(1_000, 22);
  data.set([STAYS, OVER], 24);
  return chunk('fcTL', data);
}

function withNumber(number: number, data: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(number);
  return Buffer.concat([head, data]);
}

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(named.length + 8);
  framed.writeUInt32BE(data.length, 0);
  framed.set(named, 4);
  framed.writeUInt32BE(crc32(named), named.length + 4);
  return framed;
}

const words = ({ rgba }: Pixels): Uint32Array =>
  new Uint32Array(rgba.buffer, rgba.byteOffset, rgba.length / RGBA);

function readPixels(png: Buffer): Pixels {
  if (!png.subarray(0, 8).equals(SIGNATURE)) throw new Error('It is no PNG.');
  const parts: Buffer[] = [];
  let head: Uint8Array = Buffer.alloc(0);
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at);
    const data = png.subarray(at + 8, at + 8 + length);
    const type = png.toString('latin1', at + 4, at + 8);
    if (type === 'IHDR') head = data;
    if (type === 'IDAT') parts.push(data);
    at += length + 12;
  }
  const sizes = Buffer.from(head);
  const [width, height] = [sizes.readUInt32BE(0), sizes.readUInt32BE(4)];
  const [depth, colour, , , interlaced] = head.subarray(8);
  if (depth !== 8 || interlaced !== 0 || (colour !== 2 && colour !== 6))
    throw new Error('It is no PNG with 8 bits a channel, or its rows are interlaced.');
  const channels = colour === 6 ? 4 : 3;
  const raw = unfiltered(inflateSync(Buffer.concat(parts)), width * channels, height, channels);
  const rgba = new Uint8Array(width * height * RGBA).fill(255);
  for (let pixel = 0; pixel < width * height; pixel += 1)
    rgba.set(raw.subarray(pixel * channels, pixel * channels + 3), pixel * RGBA);
  return { width, height, rgba };
}

/** Takes the filters of the rows away (https://www.w3.org/TR/png-3/#9Filters). */
function unfiltered(data: Buffer, length: number, height: number, channels: number): Uint8Array {
  const out = new Uint8Array(length * height);
  for (let y = 0; y < height; y += 1) {
    const filter = data[y * (length + 1)];
    for (let x = 0; x < length; x += 1) {
      const at = y * length + x;
      const a = x >= channels ? (out[at - channels] ?? 0) : 0;
      const b = y > 0 ? (out[at - length] ?? 0) : 0;
      const c = x >= channels && y > 0 ? (out[at - length - channels] ?? 0) : 0;
      const predicted = [0, a, b, (a + b) >> 1, paeth(a, b, c)][filter ?? 0] ?? 0;
      out[at] = (data[y * (length + 1) + 1 + x] ?? 0) + predicted;
    }
  }
  return out;
}

function paeth(a: number, b: number, c: number): number {
  const p = a + b - c;
  const [pa, pb, pc] = [Math.abs(p - a), Math.abs(p - b), Math.abs(p - c)];
  if (pa <= pb && pa <= pc) return a;
  return pb <= pc ? b : c;
}
