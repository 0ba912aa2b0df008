/** `functions/main.ts`, of which the end is an adopter's. The tests hold what is shipped, and whatever an adopter has added. */
import { readFileSync } from 'node:fs';

const MAIN = new URL('../../functions/main.ts', import.meta.url);
/** The comment in `functions/main.ts` beneath which an adopter's functions stand. */
export const OWN_FUNCTIONS = '// Your own functions are registered beneath this line: docs/functions.md.\n';
const IMPORT = /^import \{([^}]*)\} from '\.\/[^']+';\n/gm;

/** What is shipped. An import of which this part uses nothing is an adopter's. */
export const shippedMain = (text = readFileSync(MAIN, 'utf8')): string => {
  const [shipped = ''] = partsOf(text);
  const used = shipped.replaceAll(IMPORT, '');
  return shipped.replaceAll(IMPORT, (line, names: string) =>
    (names.match(/[\w$]+/g) ?? []).some((name) => new RegExp(`\\b${name}\\b`).test(used)) ? line : '',
  );
};

/** The names of the functions that an adopter has added. */
export const addedFunctions = (text = readFileSync(MAIN, 'utf8')): string[] =>
  [...(partsOf(text)[1] ?? '').matchAll(/^ *app\.(?!hook)\w+\('([^']+)'/gm)].map(([, name = '']) => name);

function partsOf(text: string): string[] {
  const parts = text.split(OWN_FUNCTIONS);
  if (parts.length !== 2) throw new Error(`functions/main.ts has to have this line once: ${OWN_FUNCTIONS}`);
  return parts;
}
