import { readFile } from 'node:fs/promises';
import { PlainError } from './errors.ts';

export type RegisteredFunction = {
  name: string;
  /** True if it is registered under a condition, such as a setting. Then an app may lack it. */
  mayBeAbsent: boolean;
  /** What invokes it over HTTP; undefined if it has another trigger. The route is without `/api/` before it. */
  http?: { methods: string[]; route: string };
};

/** A registration, up to the end of its options, which hold no other object. Only one under a condition is indented. */
const REGISTRATION = /^( *)app\.(\w+)\('([^']+)',\s*\{([^}]*)\}/gm;

/**
 * The functions that the entry file of the functions registers, sorted by name. It is read and not run, because it needs
 * the settings of an app.
 * @param file the entry file, `functions/main.ts`
 * @throws {PlainError} a registration over HTTP does not say its methods and its route.
 */
export async function registeredFunctions(file: string): Promise<RegisteredFunction[]> {
  const source = await readFile(file, 'utf8');
  const all = [...source.matchAll(REGISTRATION)].map(
    ([, indent, trigger, name = '', options = '']): RegisteredFunction => {
      const mayBeAbsent = indent !== '';
      if (trigger !== 'http') return { name, mayBeAbsent };
      const methods = [...(/\bmethods: \[([^\]]*)\]/.exec(options)?.[1] ?? '').matchAll(/'([A-Z]+)'/g)];
      const route = /\broute: '([^']+)'/.exec(options)?.[1];
      if (methods.length === 0 || route === undefined) {
        throw new PlainError(`${file}: the function "${name}" has to name its methods and its route.`);
      }
      return { name, mayBeAbsent, http: { methods: methods.map(([, method = '']) => method), route } };
    },
  );
  return all.sort((a, b) => (a.name < b.name ? -1 : 1));
}
