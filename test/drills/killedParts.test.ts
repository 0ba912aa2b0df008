/** A run that is split loses a host, or a message, at each of its steps. The next plan serves everybody, and no run anybody twice. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { QueueClient } from '@azure/storage-queue';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { ROOT } from '../../dev/platform.ts';
import { readQueues } from '../../ops/showQueue.ts';
import type { RunPart } from '../../shared/ports.ts';
import { expectSound } from '../support/checkStorage.ts';
import { asksForMessages, type HostRequest, type Moment } from '../support/hostProxy.ts';
import {
  eventsIn,
  PARTS,
  type SplitHost,
  type SplitStage,
  startSplitStage,
  until,
} from '../support/splitStage.ts';

const PATIENCE = 60_000;

let stage: SplitStage;
/** It lives through all of this. */
let steady: SplitHost;
beforeAll(async () => {
  stage = await startSplitStage();
  steady = await stage.host();
}, PATIENCE);
beforeEach(async () => {
  steady.proxy.shut();
  await stage.begin();
});
afterAll(() => stage.stop(), PATIENCE);

const sendsMessage = ({ service, method, url }: HostRequest): boolean =>
  service === 'queue' && method === 'POST' && url.includes('/run-parts/messages');
const deletesMessage = ({ service, method, url }: HostRequest): boolean =>
  service === 'queue' && method === 'DELETE' && url.includes('/run-parts/messages/');
const changesAccounts = ({ service, url }: HostRequest): boolean =>
  service === 'table' && url.includes('$batch');
const writesRun = ({ service, method, url, body }: HostRequest): boolean =>
  service === 'table' && method !== 'GET' && (url.includes("'runs'") || body.includes('"runs"'));

type Step = { what: string; moment: Moment; hits: (request: HostRequest) => boolean; nth?: number };
/** `leased`: how many accounts the dead host leaves leased. */
type PartStep = Step & { leased: number };

const steadyEvents = {
  split: () => eventsIn(steady, 'sweep.split').length,
  planned: () => eventsIn(steady, 'sweep.split').reduce((sum, { parts }) => sum + parts, 0),
  parts: () => eventsIn(steady, 'sweep.ended').filter(({ part }) => part !== undefined).length,
};

async function expectNobodyTwice(): Promise<void> {
  expect([...(await stage.refreshes())].filter(([, count]) => count > 1)).toEqual([]);
}

/**
 * Lets the parts that are left be swept, and then the leases of the dead end. A message that was taken is not to be seen,
 * although its part may not have begun, so the parts that ended are counted.
 */
async function endRun(): Promise<void> {
  const ended = steadyEvents.parts() + (await stage.messagesToTake()).length;
  steady.proxy.open();
  await until(() => steadyEvents.parts() >= ended);
  await expectNobodyTwice();
  await stage.endLeases();
}

async function expectNextPlanServesEverybody(): Promise<void> {
  await stage.forgetRefreshes();
  steady.proxy.open();
  const left = steadyEvents.planned() - steadyEvents.parts();
  expect(await steady.run('refreshWorker')).toBe('succeeded');
  await until(stage.isEverybodyServed);
  // What a part does last must not happen in the next test.
  await until(() => steadyEvents.planned() - steadyEvents.parts() <= left);
  await expectNobodyTwice();
  expectSound(await stage.report());
}

function killAt(host: SplitHost, { moment, hits, nth = 1 }: Step): void {
  host.proxy.trap(moment, hits, nth, host.kill);
}

it.each<Step>([
  { what: 'after it began the plan', moment: 'after', hits: writesRun },
  { what: 'after it recorded the run, and before the first message', moment: 'before', hits: sendsMessage },
  { what: 'between two messages', moment: 'before', hits: sendsMessage, nth: 3 },
  { what: 'after the last message', moment: 'after', hits: sendsMessage, nth: PARTS },
])('a host that is killed $what keeps nobody from the next plan', { timeout: PATIENCE }, async (step) => {
  const planner = await stage.host();
  killAt(planner, step);
  await expect(planner.run('refreshWorker')).rejects.toThrow();
  await planner.exited;
  expect(await stage.leases()).toEqual([]);
  const sent = planner.proxy.seen.filter(sendsMessage).length;
  expect(await stage.messagesToTake()).toHaveLength(sent);

  await endRun();
  // The other host needs nobody who planned.
  if (sent === PARTS) expect(await stage.isEverybodyServed()).toBe(true);
  await expectNextPlanServesEverybody();
});

it.each<PartStep>([
  { what: 'after it took the message', moment: 'after', hits: asksForMessages, leased: 0 },
  { what: 'after it leased the accounts', moment: 'after', hits: changesAccounts, leased: 2 },
  { what: 'before it settled an account', moment: 'before', hits: changesAccounts, nth: 2, leased: 2 },
  { what: 'after it settled one account of two', moment: 'after', hits: changesAccounts, nth: 2, leased: 1 },
  { what: 'before it recorded the part', moment: 'before', hits: writesRun, leased: 0 },
  { what: 'before the message was deleted', moment: 'before', hits: deletesMessage, leased: 0 },
])('a host that is killed over its part $what keeps nobody from the next plan', {
  timeout: PATIENCE,
}, async (step) => {
  const sweeper = await stage.host();
  killAt(sweeper, step);
  expect(await steady.run('refreshWorker')).toBe('succeeded');
  sweeper.proxy.open();
  await sweeper.exited;
  expect(await stage.messagesToTake()).toHaveLength(PARTS - 1);
  expect(await stage.leases()).toHaveLength(step.leased);

  await endRun();
  await expectNextPlanServesEverybody();
});

it('messages that are lost are sent again by the next plan', { timeout: PATIENCE }, async () => {
  const before = steadyEvents.split();
  expect(await steady.run('refreshWorker')).toBe('succeeded');
  await stage.queue.clearMessages();
  expect([...(await stage.refreshes()).values()].every((count) => count === 0)).toBe(true);
  await expectNextPlanServesEverybody();
  expect(steadyEvents.split()).toBe(before + 2);
  expect([...(await stage.refreshes()).values()].every((count) => count === 1)).toBe(true);
});

it('messages that come twice serve nobody twice', { timeout: PATIENCE }, async () => {
  const before = steadyEvents.parts();
  expect(await steady.run('refreshWorker')).toBe('succeeded');
  for (const { messageText } of await stage.messagesToTake()) await stage.queue.sendMessage(messageText);
  const other = await stage.host();
  other.proxy.open();
  steady.proxy.open();
  const partsOfOther = () => eventsIn(other, 'sweep.ended').filter(({ part }) => part !== undefined).length;
  await until(() => steadyEvents.parts() - before + partsOfOther() >= 2 * PARTS);
  expect(await stage.isEverybodyServed()).toBe(true);
  expect([...(await stage.refreshes()).values()].every((count) => count === 1)).toBe(true);
  await other.stop();
  await expectNextPlanServesEverybody();
});

it('a message that is replayed after its deadline costs no request', { timeout: PATIENCE }, async () => {
  expect(await steady.run('refreshWorker')).toBe('succeeded');
  const messages = await stage.messagesToTake();
  await stage.queue.clearMessages();
  for (const { messageText } of messages) {
    const part = JSON.parse(Buffer.from(messageText, 'base64').toString()) as RunPart;
    const late = { ...part, deadline: new Date(Date.now() - 1).toISOString() };
    await stage.queue.sendMessage(Buffer.from(JSON.stringify(late)).toString('base64'));
  }
  const from = steady.proxy.seen.length;
  const before = eventsIn(steady, 'part.late').length;
  steady.proxy.open();
  await until(() => eventsIn(steady, 'part.late').length >= before + PARTS);
  expect(steady.proxy.seen.slice(from).filter(({ service }) => service === 'table')).toEqual([]);
  expect([...(await stage.refreshes()).values()].every((count) => count === 0)).toBe(true);
  await expectNextPlanServesEverybody();
});

it('a run that a visit has called for is split like any other', { timeout: PATIENCE }, async () => {
  const [visitor] = stage.users;
  if (visitor === undefined) throw new Error('There is no user.');
  // It has found no run of the last five minutes.
  const visited = await stage.host();
  const authorization = `Bearer ${await stage.signIn(visitor)}`;
  const answer = await fetch(`${visited.origin}/api/profile`, { headers: { authorization } });
  expect(answer.status).toBe(200);
  await until(() => eventsIn(visited, 'sweep.split').length > 0);
  expect(eventsIn(visited, 'worker.woken')).toMatchObject([{ by: 'visit' }]);
  visited.proxy.open();
  const refreshed = async () => [...(await stage.refreshes()).values()].filter((count) => count === 1).length;
  // The visitor may be due, too, or was here just now.
  await until(async () => (await refreshed()) >= stage.users.length - 1);
  await expectNobodyTwice();
  await visited.stop();
});

it('a message that fails five times is put aside, and operators see it', { timeout: PATIENCE }, async () => {
  const root = await failingApp();
  const failing = await stage.host(root);
  try {
    expect(await steady.run('refreshWorker')).toBe('succeeded');
    failing.proxy.open();
    const poison = new QueueClient(stage.azurite.connectionString, 'run-parts-poison');
    const poisoned = async () =>
      (await poison.exists()) ? ((await poison.getProperties()).approximateMessagesCount ?? 0) : 0;
    await until(async () => (await poisoned()) === PARTS);
    await failing.stop();
    const tries = failing.lines.filter((line) => line.includes("Executed 'sweepPart' (Failed"));
    expect(tries).toHaveLength(5 * PARTS);
    const states = await readQueues({ TokenStore: stage.azurite.connectionString }, undefined as never);
    expect(states.find(({ queue }) => queue === 'run-parts-poison')?.messages).toBe(PARTS);
    await endRun();
    await expectNextPlanServesEverybody();
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});

/** The application itself, whose parts fail before they begin, and are tried again at once. */
async function failingApp(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'stead-failing-'));
  await mkdir(join(root, 'node_modules'));
  const write = (name: string, text: string) => writeFile(join(root, name), text);
  await write('package.json', JSON.stringify({ type: 'module', main: 'main.js' }));
  const queues = { batchSize: 1, newBatchThreshold: 0, maxPollingInterval: '00:00:01' };
  await write('host.json', JSON.stringify({ version: '2.0', extensions: { queues } }));
  await write(
    'main.js',
    `import { createRequire } from 'node:module';
import ${JSON.stringify(pathToFileURL(join(ROOT, 'dist/functions/main.js')).href)};
createRequire(import.meta.url)('@azure/functions-core').registerHook('preInvocation', ({ invocationContext }) => {
  if (invocationContext.functionName === 'sweepPart') throw new Error('It cannot begin.');
});
`,
  );
  return root;
}
