import type { Metafile } from 'esbuild';

/** What a cold start loads. */
export type StartLoad = { bytes: number; modules: number };

/** The most that it may load: a few percent more than it does. Raise it in the change that needs it, and say why. */
export const START_BUDGET: StartLoad = { bytes: 1_782_000, modules: 720 };

/** What no start needs: to read lists of blobs as Arrow, and to compare checksums. MSAL runs `jsonwebtoken` when it signs with a certificate. */
const LATER =
  /^(?!crcWhenUsed:).*node_modules\/(?:(?:apache-arrow|flatbuffers)\/|@azure\/storage-common\/.*\/crc64\.js$)/;
const WHEN_USED = /node_modules\/jsonwebtoken\/index\.js$/;

/** The functions are small, and an adopter's stand among them: only the library and what it needs count. */
const FUNCTIONS = /^(?:functions\/|<stdin>)/;

const isEager = (kind: string) => kind === 'import-statement';

/** The files of a bundle that are loaded with its `main.js`, and what is in them. */
export function loadedAtStart({ outputs }: Metafile) {
  const [main] = Object.keys(outputs).filter((file) => /(?:^|\/)main\.js$/.test(file));
  const loaded = new Set(main === undefined ? [] : [main]);
  for (const file of loaded) {
    for (const { path, kind, external } of outputs[file]?.imports ?? []) {
      if (isEager(kind) && !external) loaded.add(path);
    }
  }
  const files = [...loaded].flatMap((file) => outputs[file] ?? []);
  const inputs = files.flatMap((file) => Object.entries(file.inputs));
  const functions = inputs.filter(([path]) => FUNCTIONS.test(path));
  const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0);
  return {
    bytes:
      sum(files.map(({ bytes }) => bytes)) - sum(functions.map(([, { bytesInOutput }]) => bytesInOutput)),
    inputs: inputs.flatMap(([path]) => (FUNCTIONS.test(path) ? [] : path)),
  };
}

/** What is wrong with what a bundle loads at its start, one sentence each. */
export function startFaults(metafile: Metafile, budget = START_BUDGET): string[] {
  const { bytes, inputs } = loadedAtStart(metafile);
  const eager = Object.entries(metafile.inputs).flatMap(([importer, { imports }]) =>
    imports.flatMap(({ path, kind }) => (isEager(kind) && WHEN_USED.test(path) ? [importer] : [])),
  );
  return [
    ...(bytes > budget.bytes ? [`It loads ${bytes} bytes, and may load ${budget.bytes}.`] : []),
    ...(inputs.length > budget.modules
      ? [`It loads ${inputs.length} modules, and may load ${budget.modules}.`]
      : []),
    ...inputs.filter((input) => LATER.test(input)).map((input) => `It loads ${input}.`),
    ...eager.map((importer) => `${importer} runs jsonwebtoken at the start.`),
  ];
}

/** Classes that some code of a bundle knows by their names, and that have other names in it. */
export function renamedClasses(code: string): string[] {
  const known = [...code.matchAll(/constructor\.name===?"(\w+)"/g)].map(([, name = '']) => name);
  // Node's own, and what a package compares with and does not define.
  const foreign = new Set(['Buffer', 'FormData', 'TelemetryPolicyFactory', 'InjectorPolicyFactory']);
  return known.filter(
    (name) => !foreign.has(name) && !new RegExp(`class ${name}\\b|\\b${name}=class\\b`).test(code),
  );
}
