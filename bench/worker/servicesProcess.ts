/** The process that the services are in, so that what they cost is not the worker's. */
import { countServed } from './countServed.ts';
import type { FromServices, ToServices } from './messages.ts';
import { seedUsers } from './seedUsers.ts';
import { settingsFor } from './settings.ts';
import { type Latencies, startServices } from './startServices.ts';

type Run = Awaited<ReturnType<typeof start>>;

const say = (message: FromServices) => process.send?.(message);
let run: Run | undefined;

process.once('disconnect', () => process.exit());
process.on('message', async (message: ToServices) => {
  if (message.say === 'start') {
    run = await start(message);
    say({ say: 'ready', settings: run.settings });
  } else if (run !== undefined) {
    say({ say: 'report', ...reportOn(run) });
  }
});

async function start({ latencies, users }: { latencies: Latencies; users: number }) {
  const services = await startServices(latencies);
  const settings = settingsFor(services.origin);
  const seeded = await seedUsers(services, settings, users);
  return { services, settings, seeded, cpu: process.cpuUsage() };
}

function reportOn({ services, seeded, cpu }: Run) {
  const { user, system } = process.cpuUsage(cpu);
  const served = countServed(services, seeded, new Date());
  return { calls: services.calls(), served, cpuMs: (user + system) / 1_000 };
}
