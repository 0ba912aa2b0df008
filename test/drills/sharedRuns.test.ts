/** Several hosts share the parts of one run through the queue. */
import { cpus } from 'node:os';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { numberedUsers } from '../../dev/entra/directory.ts';
import { expectSound } from '../support/checkStorage.ts';
import { control } from '../support/entraClients.ts';
import { eventsIn, type SplitHost, type SplitStage, startSplitStage, until } from '../support/splitStage.ts';

const PATIENCE = 180_000;
/** Spread over the shards. */
const PEOPLE = 48;

let stage: SplitStage;
let hosts: SplitHost[];
beforeAll(async () => {
  stage = await startSplitStage(numberedUsers(PEOPLE));
  hosts = await Promise.all(Array.from({ length: 4 }, () => stage.host()));
}, PATIENCE);
afterAll(() => stage.stop(), PATIENCE);

const partsSweptBy = (host: SplitHost) =>
  eventsIn(host, 'sweep.ended').filter(({ part }) => part !== undefined);

/** One run, planned by the first host, and swept by the first so many. @returns the milliseconds from the first part to the last */
async function run(count: number): Promise<{ ms: number; partsBy: number[]; runId: string }> {
  await stage.begin();
  const before = hosts.map((host) => partsSweptBy(host).length);
  const [planner] = hosts as [SplitHost];
  const sweepers = hosts.slice(0, count);
  expect(await planner.run('refreshWorker')).toBe('succeeded');
  const split = eventsIn(planner, 'sweep.split').at(-1);
  const partsBy = () => hosts.map((host, index) => partsSweptBy(host).length - (before[index] ?? 0));
  const begun = performance.now();
  for (const { proxy } of sweepers) proxy.open();
  await until(() => partsBy().reduce((sum, one) => sum + one, 0) >= (split?.parts ?? 1));
  const ms = performance.now() - begun;
  for (const { proxy } of sweepers) proxy.shut();
  return { ms, partsBy: partsBy(), runId: split?.runId ?? '' };
}

async function expectEverybodyOnce(): Promise<void> {
  expect(await stage.refreshes()).toEqual(new Map(stage.users.map(({ name }) => [name, 1])));
  expect(await stage.isEverybodyServed()).toBe(true);
  expectSound(await stage.report());
}

it.each([2, 4])('%d hosts serve everybody once in a run, and each host does its share', {
  timeout: PATIENCE,
}, async (count) => {
  // A part takes about as long as another, so that nobody can be done with all of them before the others begin.
  for (const { name } of stage.users) {
    await control(stage.entra, 'PUT', `/users/${name}/fault`, { kind: 'delay', ms: 500 });
  }
  const { partsBy, runId } = await run(count);
  await expectEverybodyOnce();
  expect(partsBy.slice(0, count).every((parts) => parts > 0)).toBe(true);
  expect(partsBy.slice(count).every((parts) => parts === 0)).toBe(true);
  const ofThisRun = hosts.flatMap(partsSweptBy).filter(({ part }) => part === runId);
  expect(ofThisRun.reduce((sum, { refreshed }) => sum + refreshed, 0)).toBe(PEOPLE);
  expect(ofThisRun.reduce((sum, { claimed }) => sum + claimed, 0)).toBe(PEOPLE);
});

it.for([2, 4])(
  '%d hosts do one run after the other, and each serves everybody once',
  {
    timeout: PATIENCE,
  },
  async (count, { annotate }) => {
    for (const { name } of stage.users) await control(stage.entra, 'DELETE', `/users/${name}/fault`);
    for (let times = 0; times < 3; times += 1) {
      const before = cpuTimes();
      const { ms } = await run(count);
      const busy = busySince(before);
      const rate = busy < 0.5 ? `${Math.round((PEOPLE * 1_000) / ms)} users a second` : 'not reported';
      await annotate(`${count} hosts: ${rate}, ${Math.round(100 * busy)} % of the CPU was busy`);
      await expectEverybodyOnce();
    }
  },
);

/** Of all cores together, since the machine began. */
function cpuTimes(): { busy: number; all: number } {
  let [busy, all] = [0, 0];
  for (const { times } of cpus()) {
    const { user, nice, sys, irq, idle } = times;
    busy += user + nice + sys + irq;
    all += user + nice + sys + irq + idle;
  }
  return { busy, all };
}

function busySince(before: ReturnType<typeof cpuTimes>): number {
  const now = cpuTimes();
  return (now.busy - before.busy) / Math.max(1, now.all - before.all);
}
