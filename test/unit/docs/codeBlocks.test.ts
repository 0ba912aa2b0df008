import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { readCacheKeys } from '../../../shared/adapters/entra/seal.ts';
import { standInSettings } from '../../../shared/testing/standInSettings.ts';
import {
  blocksIn,
  type CodeBlock,
  documents,
  isPartOf,
  ROOT,
  read,
  run,
  typeCheck,
} from '../../support/codeBlocks.ts';

/** A block without a language is a command, or what one prints. */
const LANGUAGES = ['', 'json', 'kusto', 'mermaid', 'sh', 'ts'];
const blocks = documents().flatMap((document) => blocksIn(document, read(document)));
const code = blocks.filter(({ language }) => language === 'ts');
const parts = code.filter((block): block is CodeBlock & { partOf: string } => block.partOf !== undefined);
const whole = code.filter(({ partOf }) => partOf === undefined);
/** A page runs in a browser, and what stands after a file of the functions runs in the host. */
const runnable = whole.filter(({ code, after }) => after === undefined && !code.includes('shared/browser'));

const blockOf = (text: string): CodeBlock => {
  const [block] = blocksIn('docs/some.md', `\`\`\`ts\n${text}\n\`\`\`\n`);
  if (block === undefined) throw new Error('it is no block');
  return block;
};

describe('the code in the documents', () => {
  it('says what language it is in', () => {
    expect(blocks.filter(({ language }) => !LANGUAGES.includes(language))).toEqual([]);
    const unnamed = blocks.filter(({ language }) => language === '');
    expect(
      unnamed.filter((block) =>
        /^ *(?:import .* from|export (?:const|type|function)|const \w+ =|await) /m.test(block.code),
      ),
    ).toEqual([]);
  });

  it('has no fence that no block belongs to', () => {
    for (const document of documents()) {
      const fences = read(document).match(/^ *```/gm) ?? [];
      expect(fences.length, document).toBe(2 * blocksIn(document, read(document)).length);
    }
  });

  it.each(parts)('in $document, line $line, is a part of $partOf', ({ partOf, code }) => {
    expect(isPartOf(partOf, code)).toBe(true);
  });

  it('is in files that are compiled and run, or in a document that is', () => {
    expect(
      [...new Set(parts.map(({ partOf }) => partOf))].filter((path) => !/\.(?:ts|md)$/.test(path)),
    ).toEqual([]);
    const quoted = parts.map(({ partOf }) => partOf).filter((path) => path.endsWith('.md'));
    expect(quoted.filter((path) => !whole.some(({ document }) => document === path))).toEqual([]);
  });

  it('has the right types if it is whole', async () => {
    expect(whole.map(({ document }) => document)).toEqual(
      expect.arrayContaining(['docs/extend.md', 'examples/drive/README.md']),
    );
    expect(await typeCheck(whole)).toBe('');
  });

  it.each(runnable)('in $document, line $line, runs', async (block) => {
    const env = { ...standInSettings('http://localhost:1'), TokenStore: 'UseDevelopmentStorage=true' };
    expect(await run(block, env)).toBe('');
  });

  it('would be caught with a wrong type, a name that is gone, and an error', async () => {
    const wrong = "import { readConfig, gone } from '@stead/shared/config';\nreadConfig(7);";
    const said = await typeCheck([blockOf(wrong)]);
    expect(said).toMatch(/docs-some-md-1\.ts.*TS2305.*gone/);
    expect(said).toMatch(/docs-some-md-1\.ts.*TS2345/);
    const failing = blockOf("import { readConfig } from '@stead/shared/config';\nreadConfig(process.env);");
    await expect(run(failing, {})).rejects.toThrow('ENTRA_TENANT_ID');
  });

  it('would be caught if it was not a part of its file', () => {
    expect(isPartOf('examples/drive/drive.ts', "  name: 'other',\n")).toBe(false);
    expect(isPartOf('examples/drive/drive.ts', "  name: 'drive',\n")).toBe(true);
  });

  it('is found in lists, with the file that it names', () => {
    const text =
      'A.\n\n- B:\n\n  <!-- a/b.ts -->\n\n  ```ts\n  one();\n  ```\n\n<!-- after c.ts -->\n\n```ts\ntwo();\n```\n';
    expect(blocksIn('docs/some.md', text)).toEqual([
      { document: 'docs/some.md', line: 7, language: 'ts', code: '  one();\n', partOf: 'a/b.ts' },
      { document: 'docs/some.md', line: 13, language: 'ts', code: 'two();\n', after: 'c.ts' },
    ]);
  });
});

describe('the commands of docs/settings.md that make keys', () => {
  const commands = blocks
    .filter(({ document }) => document === 'docs/settings.md')
    .flatMap((block) => block.code.split('\n').filter((line) => line.startsWith('node -e ')));
  const output = (command = '') =>
    execFileSync('sh', ['-c', command], { cwd: ROOT, encoding: 'utf8' }).trim();

  it('make a key of the caches and one of the log ids', () => {
    expect(commands).toHaveLength(2);
    expect(readCacheKeys(output(commands[0]))).toMatchObject([{ kid: 'k1' }]);
    expect(Buffer.from(output(commands[1]), 'base64')).toHaveLength(32);
  });
});
