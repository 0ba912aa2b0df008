import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, vi } from 'vitest';
import { type Host, type HostOptions, spawnHost } from '../../../../dev/host/spawnHost.ts';

const APPS = fileURLToPath(import.meta.resolve('./apps/'));
const NODE_MODULES = fileURLToPath(import.meta.resolve('../../../../node_modules/'));
const ONCE_MORE_MS = 20;
const PATIENCE_MS = 20_000;

export type AppFiles = {
  /** A file of `apps/`: copied to the app's folder and named by `main`. */
  app?: string;
  /** More files by path, also in place of the usual package.json and host.json; an object becomes JSON. */
  files?: Record<string, string | object>;
  /** False: the app finds no node_modules. */
  nodeModules?: boolean;
};

export type App = { folder: string; remove(): void };

/** Makes a function app in a new temporary folder. */
export function makeApp({ app, files = {}, nodeModules = true }: AppFiles): App {
  const folder = mkdtempSync(path.join(tmpdir(), 'host-app-'));
  const all: Record<string, string | object> = {
    'package.json': { name: 'sample', private: true, type: 'module', main: app ?? 'main.js' },
    'host.json': { version: '2.0' },
    ...files,
  };
  for (const [name, content] of Object.entries(all)) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  }
  if (app) copyFileSync(path.join(APPS, app), path.join(folder, app));
  // A junction needs no rights on Windows; other systems take it for a plain link.
  if (nodeModules) symlinkSync(NODE_MODULES, path.join(folder, 'node_modules'), 'junction');
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }) };
}

/** As `makeApp`; the folder is removed when the test ends. */
export function makeAppForTest(files: AppFiles): string {
  const { folder, remove } = makeApp(files);
  onTestFinished(remove);
  return folder;
}

/** Serves an app until the test ends. */
export async function runAppForTest(files: AppFiles, options: Partial<HostOptions> = {}): Promise<Host> {
  return hostForTest({ root: makeAppForTest(files), port: 0, ...options });
}

/** Serves until the test ends. */
export async function hostForTest(options: HostOptions): Promise<Host> {
  const host = await spawnHost(options);
  onTestFinished(async () => void (await host.stop()));
  return host;
}

/** What the host says before it ends without having served. */
export async function startFailure(files: AppFiles, options: Partial<HostOptions> = {}): Promise<string> {
  const failure = await runAppForTest(files, options).then(
    () => expect.fail('the host serves'),
    (error: Error) => error.message,
  );
  expect(failure).toMatch(/^The host ended with code 1 before/);
  return failure;
}

/** The first lines that match, as soon as there are `count` of them. */
export function waitForLines(host: Pick<Host, 'lines'>, pattern: RegExp, count = 1): Promise<string[]> {
  return vi.waitFor(
    () => {
      const found = host.lines.filter((line) => pattern.test(line));
      if (found.length < count) throw new Error(`No ${pattern} (${count}) in:\n${host.lines.join('\n')}`);
      return found;
    },
    { timeout: PATIENCE_MS, interval: ONCE_MORE_MS },
  );
}
