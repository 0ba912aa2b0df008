import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { PLANTED_FAULTS, type PlantedFault } from './plantedFaults.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url)).replaceAll('\\', '/');

/**
 * Plants a fault in this process: the module is changed as it is loaded, and no file is written. It must be called before the
 * module is imported.
 * @throws {TypeError} there is no such fault, or its text is not in the file exactly once
 */
export function plant(name: string): void {
  const fault = PLANTED_FAULTS[name];
  if (fault === undefined) throw new TypeError(`There is no planted fault ${JSON.stringify(name)}.`);
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const isIt =
        url.startsWith('file:') && fileURLToPath(url).replaceAll('\\', '/') === `${ROOT}${fault.file}`;
      return isIt ? { ...loaded, source: changed(fault, String(loaded.source)) } : loaded;
    },
  });
}

/** @throws {TypeError} the text is not in the source exactly once. */
export function changed({ file, text, by }: PlantedFault, source: string): string {
  const parts = source.split(text);
  if (parts.length !== 2) {
    throw new TypeError(`The text of the planted fault is ${parts.length - 1} times in ${file}.`);
  }
  return parts.join(by);
}
