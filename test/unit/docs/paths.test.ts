import { globSync, readFileSync } from 'node:fs';
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
  const links = [...text.matchAll(LINK)]
    .map(([, target, reference]) => (target ?? reference ?? '').replace(/#.*$/, ''))
    .filter((target) => target !== '' && !/^[a-z]+:/i.test(target))
    .map((target) => posix.join(posix.dirname(document), target));
  const paths = [...text.matchAll(CODE)]
    .flatMap(([, block, span]) => (block ?? span ?? '').split(/[\s"'`()|]+/))
    .map((word) => word.replace(/(?::\d+)?[.,:;]*$/, ''))
    .filter((word) => PATH.test(word));
  const commands = [...text.matchAll(COMMAND)].map(([, run, short]) => run ?? short ?? '');
  return [
    ...links.filter((link) => !isThere(link)),
    ...paths.filter((path) => !isThere(path)),
    ...commands.filter((name) => !Object.hasOwn(scripts, name)).map((name) => `npm run ${name}`),
  ];
}

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
      '[A](architecture.md#a-request) [B](../README.md) [C](#part) [D](https://example.com/docs/nowhere.md)',
      '`shared/log.ts` `shared/log` `dev/` `shared/account/**` `shared/{log,errors}.ts` `functions/<name>/profile.ts`',
      '`npm run build` and `npm test`, `docs/http.md`; `token-cache/nowhere` and prose like shared/nowhere.',
    ].join('\n');
    expect(missingFrom('docs/some.md', text)).toEqual([]);
  });
});
