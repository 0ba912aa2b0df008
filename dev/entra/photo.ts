/** A drawing instead of a person's photo. */
import { crc32, deflateSync } from 'node:zlib';

type Colour = readonly [red: number, green: number, blue: number];

const SKY: Colour = [28, 78, 128];
const DAWN: Colour = [240, 168, 104];
const FIGURE: Colour = [250, 244, 236];
/** Discs in units of the picture's side: head and shoulders. */
const DISCS = [
  { x: 0.5, y: 0.38, radius: 0.17 },
  { x: 0.5, y: 0.95, radius: 0.34 },
];

/**
 * Head and shoulders before a gradient, as PNG (https://www.w3.org/TR/png-3).
 * @param size width and height in pixels
 */
export function drawPhoto(size: number): Buffer<ArrayBuffer> {
  const rows = Buffer.alloc(size * (1 + size * 3));
  let at = 0;
  for (let row = 0; row < size; row += 1) {
    // Each row starts with its filter; 0 is none.
    rows[at++] = 0;
    for (let column = 0; column < size; column += 1) {
      for (const channel of colourAt((column + 0.5) / size, (row + 0.5) / size)) rows[at++] = channel;
    }
  }
  // Eight bits for each of three channels; the zeros are the usual compression, the usual filters, no interlacing.
  const header = Buffer.concat([number(size), number(size), Buffer.from([8, 2, 0, 0, 0])]);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function colourAt(x: number, y: number): Colour {
  if (DISCS.some((disc) => Math.hypot(x - disc.x, y - disc.y) < disc.radius)) return FIGURE;
  const blend = (from: number, to: number) => Math.round(from + (to - from) * y);
  return [blend(SKY[0], DAWN[0]), blend(SKY[1], DAWN[1]), blend(SKY[2], DAWN[2])];
}

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  return Buffer.concat([number(data.length), named, number(crc32(named))]);
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
