import { existsSync, globSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const { scripts } = JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8')) as {
  scripts: Record<string, string>;
};

/** `[text](target)`, or the target of a reference in a line of its own. */
const LINK = /\]\(<?([^()\s>]+)>?(?: "[^"]*")?\)|^ {0,3}\[[^\]]+\]: +(\S+)/gm;
/** What is set as code: a fenced block, or a span within a line. */
const CODE = /^ *```[^\n]*\n([\s\S]*?)^ *```|`([^`\n]+)`/gm;
const COMMAND = /\bnpm\s+(?:run\s+([\w:.-]+)|(start|test)\b)/g;
/** A word of code that starts in one of the repository's folders. */
const PATH = /^(?:bench|cli|dev|docs|examples|functions|infra|ops|shared|spa|test)\/\S*$/;

/** What a document names and the repository does not have. */
function missingFrom(document: string, text: string): string[] {
  const targets = [...text.matchAll(LINK)]
    .map(([, target, reference]) => target ?? reference ?? '')
    .filter((target) => target !== '' && !/^[a-z]+:/i.test(target));
  const links = targets
    .map((target) => target.replace(/#.*$/, ''))
    .filter((target) => target !== '')
    .map((target) => posix.join(posix.dirname(document), target));
  const parts = targets.filter((target) => target.includes('#') && !hasPart(document, text, target));
  const paths = [...text.matchAll(CODE)]
    .flatMap(([, block, span]) => (block ?? span ?? '').split(/[\s"'`()|]+/))
    .map((word) => word.replace(/(?::\d+)?[.,:;]*$/, ''))
    .filter((word) => PATH.test(word));
  const commands = [...text.matchAll(COMMAND)].map(([, run, short]) => run ?? short ?? '');
  return [
    ...links.filter((link) => !isThere(link)),
    ...parts,
    ...paths.filter((path) => !isThere(path)),
    ...commands.filter((name) => !Object.hasOwn(scripts, name)).map((name) => `npm run ${name}`),
  ];
}

/** Whether the document that a link names has the heading that it names. */
function hasPart(document: string, text: string, target: string): boolean {
  const [file = '', part = ''] = target.split('#');
  const path = posix.join(posix.dirname(document), file);
  if (file !== '' && !existsSync(`${ROOT}/${path}`)) return true;
  const named = file === '' ? text : readFileSync(`${ROOT}/${path}`, 'utf8');
  const headings = named.replaceAll(/^ *```[^\n]*\n[\s\S]*?^ *```/gm, '').matchAll(/^#{1,6} (.+)$/gm);
  return [...headings].some(([, heading = '']) => anchorOf(heading) === part);
}

/** As GitHub makes it. */
const anchorOf = (heading: string): string =>
  heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');

/** Whether every alternative of a pattern matches a file or a folder; `<name>` stands for anything. */
function isThere(pattern: string): boolean {
  return alternativesOf(pattern.replaceAll(/<[^>]*>|…/g, '*').replace(/\/$/, '')).every((path) =>
    [path, `${path}.ts`, `${path}.tsx`].some((candidate) => globSync(candidate, { cwd: ROOT }).length > 0),
  );
}

/** `a/{b,c}` is `a/b` and `a/c`. */
function alternativesOf(pattern: string): string[] {
  const braces = /^(.*?)\{([^{}]*)\}(.*)$/.exec(pattern);
  if (braces === null) return [pattern];
  const [, before = '', choices = '', after = ''] = braces;
  return choices.split(',').flatMap((choice) => alternativesOf(`${before}${choice}${after}`));
}

describe('the documents', () => {
  const documents = ['*.md', '{docs,examples,shared}/**/*.md']
    .flatMap((pattern) => globSync(pattern, { cwd: ROOT }))
    .map((path) => path.replaceAll('\\', '/'));

  it.each(documents)('%s names only what is there', (document) => {
    expect(missingFrom(document, readFileSync(`${ROOT}/${document}`, 'utf8'))).toEqual([]);
  });

  it.each([
    ['a link', 'See [this](nowhere.md).', ['docs/nowhere.md']],
    ['a link upwards', '[this](../nowhere.md#part "title")', ['nowhere.md']],
    ['a reference', 'See [this][1].\n\n[1]: decisions/nowhere.md', ['docs/decisions/nowhere.md']],
    [
      'a part',
      '[this](http.md#nothing) [that](http.md#health) [here](#nowhere)',
      ['http.md#nothing', '#nowhere'],
    ],
    ['an image', '![this](images/nowhere.png)', ['docs/images/nowhere.png']],
    ['a path', 'Look at `shared/nowhere.ts`.', ['shared/nowhere.ts']],
    ['a path in a command', '```\nnode dev/nowhere.ts --fast\n```', ['dev/nowhere.ts']],
    ['a path with its line', '`functions/nowhere.ts:12`', ['functions/nowhere.ts']],
    ['one alternative', '`shared/{log,nowhere}.ts`', ['shared/{log,nowhere}.ts']],
    ['a pattern', '`functions/<name>/nowhere.ts`', ['functions/<name>/nowhere.ts']],
    ['a script', 'Run `npm run nothing -- --now`.', ['npm run nothing']],
  ])('would be caught with %s that is not there', (_what, text, missing) => {
    expect(missingFrom('docs/some.md', text)).toEqual(missing);
  });

  it('may name files, folders, patterns, scripts and other places', () => {
    const text = [
      '## A `part`, of [it](x://y)\n[A](architecture.md#a-request) [B](../README.md) [C](#a-part-of-it) [D](https://example.com/docs/nowhere.md)',
      '`shared/log.ts` `shared/log` `dev/` `shared/account/**` `shared/{log,errors}.ts` `functions/<name>/profile.ts`',
      '`npm run build` and `npm test`, `docs/http.md`; `token-cache/nowhere` and prose like shared/nowhere.',
    ].join('\n');
    expect(missingFrom('docs/some.md', text)).toEqual([]);
  });
});
