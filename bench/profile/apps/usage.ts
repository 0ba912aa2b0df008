/** A function that every measured application has: the CPU time that its process has used, and what its start took. */
import { app } from '@azure/functions';

export type Usage = {
  cpuMs: number;
  load: { ms: number; cpuMs: number; endedAtCpuMs: number } | undefined;
  rssMb: number;
};

app.http('usage', {
  methods: ['GET'],
  authLevel: 'anonymous',
  route: 'usage',
  handler: async () => {
    const { user, system } = process.cpuUsage();
    const { load } = globalThis as { load?: Usage['load'] };
    return {
      jsonBody: {
        cpuMs: (user + system) / 1_000,
        load,
        rssMb: process.memoryUsage.rss() / 2 ** 20,
      } satisfies Usage,
    };
  },
});
