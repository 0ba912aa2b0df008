import { readFile } from 'node:fs/promises';
import { isRecord } from '../../shared/isRecord.ts';
import { PlainError } from './errors.ts';

const STRING_OR_COMMENT = /"(?:\\.|[^"\\])*"|\/\/[^\r\n]*|\/\*[\s\S]*?\*\//g;

/**
 * Reads a JSON file whose top level is an object. A byte order mark and comments (line and block) are tolerated, as
 * Core Tools does; trailing commas are not.
 * @returns undefined when there is no such file.
 * @throws PlainError naming the file and, for malformed JSON, line and column. The text itself is never quoted: it
 * can hold secrets.
 */
export async function readJsonObject(file: string): Promise<Record<string, unknown> | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new PlainError(`${file} cannot be read: ${(error as Error).message}`);
  }
  // Comments become blanks, so that lines and columns stay the same.
  const json = text
    .replace(/^\uFEFF/, '')
    .replace(STRING_OR_COMMENT, (match) => (match[0] === '"' ? match : match.replaceAll(/[^\r\n]/g, ' ')));
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new PlainError(
      `${file} is not valid JSON (${syntaxErrorPlace(json)}). Look for a missing quote or bracket, a missing or trailing comma, or a single backslash (write \\\\).`,
    );
  }
  if (!isRecord(value)) throw new PlainError(`${file} must hold a JSON object: { ... }.`);
  return value;
}

const STRING = /"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[\da-f]{4}))*"/iuy;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?(?![\w.])|(?:true|false|null)\b/iy;

/** Line and column of the first wrong token. Node's own message has them for some errors only. */
function syntaxErrorPlace(json: string): string {
  let at = 0;
  const take = (token: RegExp): boolean => {
    at += json.slice(at).match(/^[ \t\r\n]*/)?.[0].length ?? 0;
    token.lastIndex = at;
    const found = token.test(json);
    if (found) at = token.lastIndex;
    return found;
  };
  const list = (item: () => boolean, end: RegExp): boolean => {
    if (take(end)) return true;
    do if (!item()) return false;
    while (take(/,/y));
    return take(end);
  };
  const value = (): boolean => {
    if (take(/\{/y)) return list(() => take(STRING) && take(/:/y) && value(), /\}/y);
    if (take(/\[/y)) return list(value, /\]/y);
    return take(STRING) || take(SCALAR);
  };
  if (value()) take(/$/y);
  const before = json.slice(0, at).split(/\r\n|\r|\n/);
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}
