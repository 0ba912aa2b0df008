import { globSync, statSync } from 'node:fs';
import Module from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { PlainError } from '../../ops/cli/errors.ts';
import { readJsonObject } from '../../ops/cli/jsonFile.ts';

type Resolve = (this: unknown, request: string, ...rest: unknown[]) => string;

/**
 * Imports every file that `main` of the app's package.json names; `main` may be a glob. As in Node, the extension and
 * the package.json of a file decide between ESM, CommonJS and TypeScript.
 * @throws PlainError when `main` is missing or matches no file, and when a file cannot be loaded (with the cause).
 */
export async function loadApp(root: string): Promise<void> {
  const { main } = (await readJsonObject(path.join(root, 'package.json'))) ?? {};
  if (typeof main !== 'string' || main === '')
    throw new PlainError(
      `${path.join(root, 'package.json')} has no "main": it must name the file or glob that registers the functions.`,
    );
  const files = globSync(main, { cwd: root })
    .filter((file) => statSync(path.join(root, file)).isFile())
    .sort();
  if (files.length === 0)
    throw new PlainError(`"main" of package.json (${main}) matches no file in ${root}. Was the app built?`);
  provideFunctionsCore();
  for (const file of files) {
    try {
      await import(pathToFileURL(path.join(root, file)).href);
    } catch (error) {
      throw new PlainError(`${file} could not be loaded: ${causes(error).join('; caused by: ')}`, {
        cause: error,
      });
    }
  }
}

function causes(error: unknown): string[] {
  const messages: string[] = [];
  const seen = new Set<unknown>();
  for (let at = error; at !== undefined && !seen.has(at); at = at instanceof Error ? at.cause : undefined) {
    seen.add(at);
    messages.push(at instanceof Error ? `${at.name}: ${at.message}` : String(at));
  }
  return messages;
}

/**
 * Makes every `require('@azure/functions-core')` of this process find `functionsCore.ts`. The library asks once and
 * goes into its test mode when the module is missing. It uses `require`, even inside an ESM bundle, so only the
 * CommonJS resolver can answer.
 */
function provideFunctionsCore(): void {
  const file = fileURLToPath(import.meta.resolve('./functionsCore.ts'));
  const resolver = Module as unknown as { _resolveFilename: Resolve };
  const resolveFilename = resolver._resolveFilename;
  resolver._resolveFilename = function (request, ...rest) {
    return request === '@azure/functions-core' ? file : resolveFilename.call(this, request, ...rest);
  };
}
