/** The blocks of code in the documents: what they are, and whether they are true. */
import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { shippedMain } from './mainFile.ts';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');

/** A fenced block, which may be a part of a list, and the comment before it. */
const BLOCK = /(?:^ *<!-- (after )?(\S+\.\w+) -->\n\n)?^( *)```(\w*)\n([\s\S]*?)^\3```$/gm;

export type CodeBlock = {
  document: string;
  /** From 1. */
  line: number;
  language: string;
  code: string;
  /** The file that the block is a part of. */
  partOf?: string;
  /** The file at the end of which the block would stand. */
  after?: string;
};

export const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

/** All documents, but for the changelog, which also tells of what is gone. */
export const documents = (): string[] =>
  ['*.md', '{docs,examples,shared,infra}/**/*.md']
    .flatMap((pattern) => globSync(pattern, { cwd: ROOT, exclude: (name) => name === 'node_modules' }))
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path !== 'CHANGELOG.md')
    .sort();

export function blocksIn(document: string, text: string): CodeBlock[] {
  return [...text.matchAll(BLOCK)].map((found) => {
    const [whole, after, file, , language = '', code = ''] = found;
    const fence = whole.indexOf('```');
    return {
      document,
      line: text.slice(0, found.index + fence).split('\n').length,
      language,
      code,
      ...(file !== undefined && { [after === undefined ? 'partOf' : 'after']: file }),
    };
  });
}

/** Whether the lines follow one another in the file, but for empty ones and for what the document indents them by. */
export function isPartOf(path: string, code: string): boolean {
  return trimmed(read(path)).includes(trimmed(code).trim());
}

const trimmed = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.trim())
    .join('\n')
    .replaceAll(/\n+/g, '\n');

/**
 * Writes each block that is whole into a file, and compiles them as one program, as strictly as everything else.
 * @returns what the compiler says
 */
export async function typeCheck(blocks: readonly CodeBlock[]): Promise<string> {
  return inFiles(blocks, async (folder, files) => {
    const config = {
      extends: '../../tsconfig.json',
      compilerOptions: {
        types: ['node'],
        typeRoots: [join(ROOT, 'node_modules/@types')],
        noUnusedLocals: false,
        // What a block imports from a file beside it is in one of these.
        rootDirs: [folder, join(ROOT, 'functions'), join(ROOT, 'examples')],
      },
      files,
      include: [],
    };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const done = await promisify(execFile)(process.execPath, [TSC, '-p', folder]).catch(
      (error: { stdout?: string }) => error,
    );
    return done.stdout ?? String(done);
  });
}

/** Runs a block in a process of its own, which ends when the block has been evaluated. @returns its standard error */
export async function run(block: CodeBlock, env: Readonly<Record<string, string>>): Promise<string> {
  return inFiles([block], async (_, [file = '']) => {
    const text = `await import(${JSON.stringify(`file://${file}`)}); process.exit(0);`;
    const { stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', text], {
      env,
    });
    return stderr;
  });
}

/** Without what an adopter has added there, because that may be what the block shows. */
const textBefore = (path: string) => (path === 'functions/main.ts' ? shippedMain() : read(path));

/** In a folder of the project, so that the project's packages are found. */
async function inFiles<T>(
  blocks: readonly CodeBlock[],
  use: (folder: string, files: string[]) => Promise<T>,
): Promise<T> {
  await mkdir(join(ROOT, 'test-results'), { recursive: true });
  const folder = await mkdtemp(join(ROOT, 'test-results/blocks-'));
  try {
    const files = await Promise.all(
      blocks.map(async ({ document, line, code, after }) => {
        const file = join(folder, `${document.replaceAll(/\W/g, '-')}-${line}.ts`);
        // `../` of a file of `functions` is the project.
        const before = after === undefined ? '' : textBefore(after).replaceAll("from '../", "from '../../");
        await writeFile(file, `${before}\n${code}\nexport {};\n`);
        return file;
      }),
    );
    return await use(folder, files);
  } finally {
    await rm(folder, { recursive: true });
  }
}
