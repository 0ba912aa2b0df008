/**
 * The content of a stream; undefined if it is longer than that, and then the stream is ended and no more of it is read.
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
