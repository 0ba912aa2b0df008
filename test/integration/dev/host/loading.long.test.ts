import path from 'node:path';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { hostForTest, makeAppForTest, runAppForTest, startFailure, waitForLines } from './runApp.ts';
import { send } from './send.ts';

const packageJson = (fields: object) => ({ 'package.json': { name: 'sample', private: true, ...fields } });
const answerOf = async (port: number, url: string) => (await send(port, url)).body.toString();
const esm = (name: string, body = name) =>
  `import { app } from '@azure/functions'; app.http('${name}', { handler: () => ({ body: '${body}' }) });`;
const commonJs = (name: string) =>
  `const { app } = require('@azure/functions'); app.http('${name}', { handler: () => ({ body: '${name}' }) });`;

describe('an app is loaded as Azure does', () => {
  it('from TypeScript sources', async () => {
    const host = await runAppForTest({ app: 'httpApp.ts' });
    expect(await answerOf(host.port, '/api/items/7')).toBe('{"id":"7"}');
  });

  it('from every file of a glob, CommonJS and ESM side by side', async () => {
    const host = await runAppForTest({
      files: {
        ...packageJson({ main: 'src/{main.js,functions/*.{js,mjs,cjs}}' }),
        'src/main.js': commonJs('main'),
        'src/functions/one.js': commonJs('one'),
        'src/functions/two.mjs': esm('two'),
        'src/functions/three.cjs': commonJs('three'),
        'src/functions/four.json': '{}',
      },
    });
    for (const name of ['main', 'one', 'two', 'three'])
      expect(await answerOf(host.port, `/api/${name}`)).toBe(name);
  });

  it('from an ESM bundle that contains @azure/functions, without node_modules', async () => {
    const root = makeAppForTest({
      files: packageJson({ type: 'module', main: 'dist/main.js' }),
      nodeModules: false,
    });
    await build({
      entryPoints: [path.join(import.meta.dirname, 'apps', 'httpApp.ts')],
      outfile: path.join(root, 'dist', 'main.js'),
      bundle: true,
      platform: 'node',
      format: 'esm',
      external: ['@azure/functions-core'],
      banner: {
        js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
      },
    });
    const host = await hostForTest({ root, port: 0 });
    expect(await answerOf(host.port, '/api/items/7')).toBe('{"id":"7"}');
  });

  it('with the routePrefix and the log level of host.json', async () => {
    const host = await runAppForTest({
      files: {
        'main.js': `import { app } from '@azure/functions';
          app.http('quiet', { handler: (_, context) => { context.log('not seen'); context.error('seen'); } });`,
        'host.json': {
          version: '2.0',
          extensions: { http: { routePrefix: '' } },
          logging: { logLevel: { default: 'Warning' } },
        },
      },
    });
    expect((await send(host.port, '/quiet')).status).toBe(204);
    await waitForLines(host, / error quiet seen$/);
    expect(host.lines).toHaveLength(1);
  });

  it('with its folder as the working directory', async () => {
    const root = makeAppForTest({
      files: {
        'main.js': `import { app } from '@azure/functions'; app.get(process.cwd().split(/[\\\\/]/).at(-1), () => ({ body: 'here' }));`,
      },
    });
    const host = await hostForTest({ root, port: 0 });
    expect(await answerOf(host.port, `/api/${path.basename(root)}`)).toBe('here');
  });
});

describe('an app that cannot be loaded stops the start with a reason', () => {
  it('when a file throws, with all causes', async () => {
    const failure = await startFailure({
      files: {
        'main.js': `throw new Error('no configuration', { cause: new TypeError('TENANT_ID is missing') });`,
      },
    });
    expect(failure).toMatch(
      / error host main\.js could not be loaded: Error: no configuration; caused by: TypeError: TENANT_ID is missing$/m,
    );
  });
  it('when a file is malformed, with its place', async () => {
    const failure = await startFailure({ files: { 'main.js': 'const a = 1;\nconst a = 2;' } });
    expect(failure).toMatch(/^file:.*main\.js:2$/m);
    expect(failure).toMatch(/ error host main\.js could not be loaded: SyntaxError: /);
  });
  it('when an import is missing', async () => {
    const failure = await startFailure({ files: { 'main.js': "import './gone.js';" } });
    expect(failure).toMatch(/ error host main\.js could not be loaded: .*gone\.js/);
  });
  it('when main matches no file', async () => {
    const failure = await startFailure({ files: packageJson({ main: 'dist/*.js' }) });
    expect(failure).toMatch(
      /"main" of package\.json \(dist\/\*\.js\) matches no file in .*Was the app built\?/,
    );
  });
  it('when there is no main, or no package.json', async () => {
    expect(await startFailure({ files: packageJson({}) })).toMatch(/package\.json has no "main"/);
  });
  it('when there is no host.json', async () => {
    const root = makeAppForTest({ app: 'httpApp.ts' });
    expect(await startFailure({}, { root: path.join(root, 'elsewhere') })).toMatch(/host\.json is missing/);
  });
  it('when host.json is malformed or has values of the wrong kind', async () => {
    const withHostJson = (hostJson: string | object) => ({
      app: 'httpApp.ts',
      files: { 'host.json': hostJson },
    });
    expect(await startFailure(withHostJson('{,}'))).toMatch(
      /host\.json is not valid JSON \(line 1, column 2\)/,
    );
    expect(await startFailure(withHostJson({ extensions: { http: { routePrefix: 7 } } }))).toMatch(
      /"extensions\.http\.routePrefix" must be a string/,
    );
    expect(await startFailure(withHostJson({ logging: { logLevel: { default: 'loud' } } }))).toMatch(
      /"loud" is no log level/,
    );
  });
  it('when it registers no function', async () => {
    expect(await startFailure({ files: { 'main.js': '' } })).toMatch(/registered no function/);
  });
  it('when it registers two functions of one name', async () => {
    const failure = await startFailure({
      files: { 'main.js': `${esm('same')} app.http('same', { handler() {} });` },
    });
    expect(failure).toMatch(/Two functions are named "same"/);
  });
  it('when it streams HTTP, which this host does not', async () => {
    const main = `${esm('streams')} app.setup({ enableHttpStream: true });`;
    expect(await startFailure({ files: { 'main.js': main } })).toMatch(
      / error host .*enableHttpStream.* does not stream HTTP.*\(streams\)/,
    );
  });
  it('when an appStart hook fails', async () => {
    const main = `${esm('fine')} app.hook.appStart(() => { throw new Error('not today'); });`;
    expect(await startFailure({ files: { 'main.js': main } })).toMatch(/ error host .*not today/);
  });
});
