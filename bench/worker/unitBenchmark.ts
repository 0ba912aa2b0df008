import { cpus } from 'node:os';
import { readArguments } from '../../ops/cli/readArguments.ts';
import { type Benchmark, readCount } from '../benchmark.ts';
import { rounded } from '../rounds.ts';
import { measureSweep } from './measureSweep.ts';

/** Together with the worker's own work they make a check as long as the model takes it to be. */
const LATENCIES = { storageMs: 15, tokenMs: 180, apiMs: 20 };
/** What the model takes for the checks of one process. */
const SLOTS = 16;
const CHECK_SECONDS = 0.25;

/** Whether one shard, which leases a few accounts after the others, keeps the slots of a process as busy as all shards do. */
export const unitBenchmark: Benchmark = {
  about: 'a run over one shard beside one over all (docs/scale.md)',
  options: '[--users 1000]',

  async run(args, tell) {
    const { values } = readArguments(args, { users: { type: 'string', default: '1000' } });
    const users = readCount('--users', values.users);
    const measured = [];
    for (const inOneShard of [true, false]) {
      const name = inOneShard ? 'one shard' : 'all shards';
      tell(name);
      const before = cpuTimes();
      const { ms, cpuMs } = await measureSweep(
        { subject: 'stead', users, concurrency: SLOTS, inOneShard },
        LATENCIES,
      );
      const machineBusy = busySince(before);
      measured.push({
        name,
        // Otherwise it would tell how busy the machine is.
        checksPerSecond: machineBusy < 0.5 ? rounded((users * 1_000) / ms) : 'not reported',
        cpuMs: rounded(cpuMs / users),
        machineBusy: rounded(machineBusy),
      });
    }
    const model = SLOTS / CHECK_SECONDS;
    const lines = measured.map(
      ({ name, checksPerSecond, cpuMs, machineBusy }) =>
        `${name}: ${checksPerSecond} checks/s (model: ${model}), ${cpuMs} ms of CPU a check, machine busy ${machineBusy}`,
    );
    return { results: { users, latencies: LATENCIES, model, measured }, lines };
  },
};

/** Of all cores together, since the machine began. */
function cpuTimes(): { busy: number; all: number } {
  const times = cpus().map(({ times: { user, nice, sys, idle, irq } }) => ({
    busy: user + nice + sys + irq,
    all: user + nice + sys + irq + idle,
  }));
  const sum = (of: 'busy' | 'all') => times.reduce((total, one) => total + one[of], 0);
  return { busy: sum('busy'), all: sum('all') };
}

function busySince(before: ReturnType<typeof cpuTimes>): number {
  const now = cpuTimes();
  return (now.busy - before.busy) / Math.max(1, now.all - before.all);
}
