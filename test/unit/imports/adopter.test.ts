/** What docs/functions.md and docs/tasks.md tell an adopter to do passes the checks of the project. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addedFunctions, OWN_FUNCTIONS, shippedMain } from '../../support/mainFile.ts';
import { BIOME, ROOT } from './refusedLines.ts';

const API = `import { defineApi } from '../../shared/tokens/defineApi.ts';

export const orders = defineApi({
  name: 'orders',
  resource: 'api://11111111-2222-4333-8444-555555555555',
  baseUrl: 'https://orders.example/api',
});
`;
const FUNCTION = `import { defineFunction } from '../../shared/requests/defineFunction.ts';
import { orders } from '../apis/testOrders.ts';

export const listOrders = defineFunction({
  name: 'orders',
  api: orders,
  scopes: ['api://11111111-2222-4333-8444-555555555555/orders.read'],
  run: ({ api }) => api.fetch('/orders').then((answer) => answer.ok),
});
`;
const TASKS = `import { graph } from '../../shared/adapters/graph/graphApi.ts';
import { followDelta } from '../../shared/graphTasks/followDelta.ts';
import { defineTask } from '../../shared/worker/defineTask.ts';
import { orders } from '../apis/testOrders.ts';

export const syncTestOrders = defineTask({
  name: 'sync-orders',
  api: orders,
  scopes: ['api://11111111-2222-4333-8444-555555555555/orders.read'],
  async run({ api }) {
    await api.fetch('/orders');
  },
});

export const contactTestChanges = defineTask({
  name: 'contact-changes',
  api: graph,
  scopes: ['Contacts.Read'],
  async run({ api, state }) {
    const link = typeof state === 'string' ? state : undefined;
    const delta = await followDelta(api, { link, start: () => '/v1.0/me/contacts/delta' });
    return { count: delta.entries.length, state: delta.link };
  },
});
`;

let project: string;
beforeAll(async () => {
  await mkdir(join(ROOT, 'test-results'), { recursive: true });
  project = await mkdtemp(join(ROOT, 'test-results/adopter-'));
  for (const file of ['biome.json', 'tsconfig.json', 'dev/clock.grit', 'dev/fetch.grit', 'functions'])
    await cp(join(ROOT, file), join(project, file), { recursive: true });
  // Beside the project's own files, so that its types are those of the library.
  await symlink(join(ROOT, 'shared'), join(project, 'shared'), 'junction');
  await addAsDocumented();
});
afterAll(() => rm(project, { recursive: true }));

const read = (path: string) => readFile(join(project, path), 'utf8');

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(project, path)), { recursive: true });
  await writeFile(join(project, path), text);
}

/**
 * A function with its route as `examples/drive/README.md` says, and an API that a function and a task share. Their names are not
 * those of anything that an adopter may have there already.
 */
async function addAsDocumented(): Promise<void> {
  const readme = await readFile(join(ROOT, 'examples/drive/README.md'), 'utf8');
  const [, importing = '', route = ''] = /```ts\n *(import .*)\n *(app\..*)\n/.exec(readme) ?? [];
  await write('functions/drive/drive.ts', await readFile(join(ROOT, 'examples/drive/drive.ts'), 'utf8'));
  await write('functions/apis/testOrders.ts', API);
  await write('functions/orders/orders.ts', FUNCTION);
  await write('functions/refreshWorker/testTasks.ts', TASKS);
  const routes = [route, route.replaceAll('drive', 'orders').replace('(orders)', '(listOrders)')];
  const imports = [importing, "import { listOrders } from './orders/orders.ts';"];
  await write('functions/main.ts', [...imports, shippedMain() + OWN_FUNCTIONS, ...routes, ''].join('\n'));
  const list = await read('functions/refreshWorker/tasks.ts');
  const shipped = '...shippedTasks(shipped)';
  expect(list).toContain(shipped);
  const tasks = list.replace(shipped, `${shipped}, syncTestOrders, contactTestChanges`);
  const own = "import { contactTestChanges, syncTestOrders } from './testTasks.ts';";
  await write('functions/refreshWorker/tasks.ts', `${own}\n${tasks}`);
}

/** @returns what the command said, if it found anything. */
const faults = (...command: string[]): Promise<string> =>
  promisify(execFile)(process.execPath, command, { cwd: project }).then(
    () => '',
    (error: { stdout?: string; stderr?: string }) => `${error.stdout}${error.stderr}`,
  );

describe("an adopter's functions, API and tasks", () => {
  it('pass the checks once their imports are in order, which `npm run fix` does', async () => {
    expect(await faults(BIOME, 'check', '--write', '--vcs-enabled=false', 'functions')).toBe('');
  });

  it('have the right types', async () => {
    const config = { extends: './tsconfig.json', include: ['functions'] };
    await write('tsconfig.functions.json', JSON.stringify(config));
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    expect(await faults(tsc, '-p', 'tsconfig.functions.json')).toBe('');
  });

  it('are no part of what the tests hold in main.ts', async () => {
    const main = await read('functions/main.ts');
    expect(shippedMain(main)).toBe(shippedMain());
    expect(addedFunctions(main)).toEqual(['drive', 'orders']);
  });

  it('are told where an API belongs if one imports it from the other', async () => {
    await write('functions/orders/wrong.ts', "import '../refreshWorker/testTasks.ts';\n");
    const said = await faults(BIOME, 'lint', '--vcs-enabled=false', 'functions/orders/wrong.ts');
    expect(said.replaceAll(/\s+/g, ' ')).toContain(
      'An API that several files use belongs in functions/apis/',
    );
    await rm(join(project, 'functions/orders/wrong.ts'));
  });
});

describe('the part of main.ts that is shipped', () => {
  it('has every function above the line, with its import', () => {
    const text = `import { a } from './a/a.ts';\nimport { b, B } from './b/b.ts';\nimport {\n  c,\n  d,\n} from './c/c.ts';\nadd(a);\n${OWN_FUNCTIONS}add(b);\n`;
    expect(shippedMain(text)).toBe("import { a } from './a/a.ts';\nadd(a);\n");
  });

  it('is not known without the line', () => {
    expect(() => shippedMain('add(a);\n')).toThrow('functions/main.ts has to have this line once');
  });
});
