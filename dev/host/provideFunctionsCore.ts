import Module from 'node:module';
import { fileURLToPath } from 'node:url';

type Resolve = (this: unknown, request: string, ...rest: unknown[]) => string;

/**
 * Makes every `require('@azure/functions-core')` of this process find `functionsCore.ts`. Call it before the app
 * loads: the library asks once and falls into its test mode when the module is missing. It asks by `require`, even
 * inside an ESM bundle, so the CommonJS resolver is the one place to answer.
 */
export function provideFunctionsCore(): void {
  const file = fileURLToPath(import.meta.resolve('./functionsCore.ts'));
  const resolver = Module as unknown as { _resolveFilename: Resolve };
  const resolveFilename = resolver._resolveFilename;
  resolver._resolveFilename = function (request, ...rest) {
    return request === '@azure/functions-core' ? file : resolveFilename.call(this, request, ...rest);
  };
}
