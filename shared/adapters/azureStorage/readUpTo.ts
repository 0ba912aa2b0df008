/**
 * Reads a whole stream.
 * @returns its content; undefined if it is longer than `maxBytes`, and then the stream is closed
 */
export async function readUpTo(
  maxBytes: number,
  stream: AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>,
): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    const buffer = Buffer.from(chunk);
    bytes += buffer.length;
    if (bytes > maxBytes) return undefined;
    chunks.push(buffer);
  }
  return Buffer.concat(chunks);
}
