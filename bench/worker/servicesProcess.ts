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
process.on('message', (message: ToServices) => {
  if (message.say === 'report') report();
  else
    start(message).then((started) => {
      run = started;
      say({ say: 'ready', settings: started.settings });
    });
});

async function start({ latencies, users }: { latencies: Latencies; users: number }) {
  const services = await startServices(latencies);
  const settings = settingsFor(services.origin);
  const seeded = await seedUsers(services, settings, users);
  return { services, settings, seeded, cpu: process.cpuUsage() };
}

function report(): void {
  if (run === undefined) return;
  const { user, system } = process.cpuUsage(run.cpu);
  const served = countServed(run.services, run.seeded, new Date());
  say({ say: 'report', calls: run.services.calls(), served, cpuMs: (user + system) / 1_000 });
}
