import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** A block of code that names, in a comment before it, the file that it is a part of. That file is type-checked, and run. */
const BLOCK = /<!-- (\S+\.\w+) -->\n\n```ts\n([\s\S]*?)^```/gm;

const read = (path: string) => readFileSync(`${ROOT}${path}`, 'utf8');
const linesOf = (text: string) => text.split('\n').map((line) => line.trim());

const blocks = globSync('docs/*.md', { cwd: ROOT }).flatMap((document) =>
  [...read(document).matchAll(BLOCK)].map(([, path = '', code = '']) => ({ document, path, code })),
);

/** Whether the lines follow one another in the file, but for empty ones. */
function isPartOf(path: string, code: string): boolean {
  const text = linesOf(read(path)).join('\n').replaceAll(/\n+/g, '\n');
  return text.includes(linesOf(code).join('\n').replaceAll(/\n+/g, '\n').trim());
}

describe('the code in the documents', () => {
  it('is that of files', () => {
    expect(blocks.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['examples/drive/drive.ts', 'examples/orders/orders.ts']),
    );
  });

  it.each(blocks)('in $document is a part of $path', ({ path, code }) => {
    expect(isPartOf(path, code)).toBe(true);
  });

  it('would be caught if it was not', () => {
    expect(isPartOf('examples/drive/drive.ts', "  name: 'other',\n")).toBe(false);
  });
});
