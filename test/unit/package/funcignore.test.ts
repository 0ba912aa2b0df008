import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * Whether `func azure functionapp publish` leaves a path behind. Core Tools reads less into the file than git does: a
 * pattern is the beginning of a path from the root, with or without a slash before it; `*` stays within a segment.
 */
function isLeftBehind(path: string, text: string): boolean {
  const lines = text.split('\n').map((line) => line.trim());
  const patterns = lines.filter((line) => line !== '' && !line.startsWith('#'));
  const matches = (pattern: string) => beginsLike(pattern.replace(/^\//, '')).test(path);
  const kept = patterns.filter((pattern) => pattern.startsWith('!')).map((pattern) => pattern.slice(1));
  const left = patterns.filter((pattern) => !pattern.startsWith('!'));
  return left.some(matches) && !kept.some(matches);
}

function beginsLike(pattern: string): RegExp {
  const parts = pattern.split(/(\*\*?)/).map((part) => {
    if (part === '**') return '.+';
    return part === '*' ? '[^/]+' : part.replaceAll(/[-[\]/{}()+?.\\^$|]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('')}`);
}

const FUNCIGNORE = readFileSync(`${ROOT}.funcignore`, 'utf8');
const isPublished = (path: string): boolean => !isLeftBehind(path, FUNCIGNORE);

describe('the published package', () => {
  it.each([
    'host.json',
    'package.json',
    'dist/functions/main.js',
    'dist/functions/app.js',
    'dist/functions/app.js.map',
  ])('holds %s', (path) => {
    expect(isPublished(path)).toBe(true);
  });

  it.each([
    'dist/local/index.html',
    'dist/local/assets/index-abc.js',
    'dist/spa/index.html',
    'dev/entra/startEntra.ts',
    'functions/main.ts',
    'node_modules/jose/package.json',
    'local.settings.json',
    '.stead/azure/keys.json',
    '.stead/entra-key.json',
    '.gitignore',
    '.ci/run',
    'test/unit/package/funcignore.test.ts',
  ])('does not hold %s', (path) => {
    expect(isPublished(path)).toBe(false);
  });

  it('holds nothing else of what is here', () => {
    const here = readdirSync(ROOT, { withFileTypes: true })
      .filter(({ name }) => !/^(?:dist|\.git|\.funcignore)$/.test(name))
      .map((entry) => (entry.isDirectory() ? `${entry.name}/some.file` : entry.name));
    expect(here.filter(isPublished).sort()).toEqual(['LICENSE', 'host.json', 'package.json']);
  });
});

describe('the reading of .funcignore', () => {
  it.each<[string, string, boolean]>([
    ['/dist/local/', 'dist/local/a.js', true],
    ['dist/local', 'dist/local/a.js', true],
    ['/dist/local/', 'dist/localized/a.js', false],
    ['local/', 'dist/local/a.js', false],
    ['# dist', 'dist/a.js', false],
    ['.git*', '.gitignore', true],
    ['.git*', 'xgitignore', false],
    ['*.map', 'a/b.map', false],
    ['**.map', 'a/b.map', true],
    ['/dist/\n!/dist/functions/', 'dist/functions/main.js', false],
  ])('takes %j for %s: %s', (text, path, left) => {
    expect(isLeftBehind(path, text)).toBe(left);
  });
});
