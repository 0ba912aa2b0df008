import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as bundle, type Metafile, type Plugin } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/**
 * Writes the functions into a folder as an ESM bundle, whose `main.js` Azure, Core Tools and the local host load. Other files
 * of the bundle hold code that is loaded when it is needed. Each has its source map beside it. Bundles of earlier builds are
 * removed.
 *
 * What a cold start costs decides how it is built (`docs/performance.md`). Names stay as they are, for stack traces.
 * Source maps are read only if Node is told so (`--enable-source-maps`), because reading them takes longer than all the code.
 * @param main the text of an entry file that takes the place of `functions/main.ts`
 * @returns what is in the bundle
 */
export async function buildFunctions(folder: string, main?: string): Promise<Metafile> {
  const { metafile } = await bundle({
    absWorkingDir: ROOT,
    ...(main === undefined
      ? { entryPoints: { main: 'functions/main.ts' } }
      : { stdin: { contents: main, resolveDir: join(ROOT, 'functions'), loader: 'ts' }, entryNames: 'main' }),
    outdir: folder,
    bundle: true,
    splitting: true,
    metafile: true,
    format: 'esm',
    platform: 'node',
    // Packages that have ESM and CommonJS: only of ESM can unused code be left out.
    mainFields: ['module', 'main'],
    target: 'node22',
    minifySyntax: true,
    minifyWhitespace: true,
    sourcemap: true,
    plugins: [loadJwtWhenUsed, loadCrcWhenUsed],
    // The worker process provides this module. Everything else is in the bundle, which shortens the cold start most.
    external: ['@azure/functions-core'],
    banner: {
      // Some packages in the bundle are CommonJS and call require for Node's own modules.
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  const built = new Set(Object.keys(metafile.outputs).map((file) => basename(file)));
  for (const file of await readdir(folder)) {
    if (/\.js(\.map)?$/.test(file) && !built.has(file)) await rm(join(folder, file));
  }
  return metafile;
}

/**
 * MSAL needs `jsonwebtoken` only to sign with a certificate. `require` in a function runs the package at the first signature,
 * and not at each start.
 */
const loadJwtWhenUsed: Plugin = {
  name: 'loadJwtWhenUsed',
  setup(build) {
    build.onResolve({ filter: /^jsonwebtoken$/ }, ({ importer, resolveDir }) =>
      importer.includes('msal-node')
        ? { path: 'jsonwebtoken', namespace: 'whenUsed', pluginData: resolveDir }
        : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'whenUsed' }, ({ pluginData }) => ({
      contents: "export default { sign: (...jwt) => require('jsonwebtoken').sign(...jwt) };",
      resolveDir: pluginData as string,
    }));
  },
};

/**
 * The SDK of blobs can compare checksums, and brings 93 kB of WebAssembly as text for that. Stead asks for none. What does is
 * answered with a promise anyway.
 */
const loadCrcWhenUsed: Plugin = {
  name: 'loadCrcWhenUsed',
  setup(build) {
    build.onResolve({ filter: /^\.\/crc64\.js$/ }, ({ path, importer, resolveDir, kind }) =>
      kind === 'import-statement' && importer.includes('storage-common')
        ? { path, namespace: 'crcWhenUsed', pluginData: resolveDir }
        : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'crcWhenUsed' }, ({ path, pluginData }) => ({
      contents: `export default () => import(${JSON.stringify(path)}).then(({ default: crc }) => crc());`,
      resolveDir: pluginData as string,
    }));
  },
};
