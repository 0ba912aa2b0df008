import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Host, spawnHost } from '../../dev/host/spawnHost.ts';
import { startUpstreams, type Upstreams } from '../upstreams/startUpstreams.ts';
import type { Latencies } from '../upstreams/upstreamsProcess.ts';
import type { Usage } from './apps/usage.ts';
import { buildSubject, type Subject } from './buildSubject.ts';
import { type Generator, startGenerator } from './startGenerator.ts';

export type Stage<S extends Subject> = {
  upstreams: Upstreams;
  generator: Generator;
  /** A new process of a subject. */
  start(subject: S): Promise<Host>;
  usageOf(host: Host): Promise<Usage>;
  stop(): Promise<void>;
};

/** Builds the subjects, and starts what they call and what calls them: each in a process of its own. */
export async function startStage<S extends Subject>(
  subjects: readonly S[],
  latencies?: Latencies,
): Promise<Stage<S>> {
  const folder = await mkdtemp(join(tmpdir(), 'stead-bench-'));
  for (const subject of subjects) await buildSubject(subject, join(folder, subject));
  const upstreams = await startUpstreams(latencies);
  const generator = startGenerator();
  const hosts: Host[] = [];
  return {
    upstreams,
    generator,
    async start(subject) {
      const host = await spawnHost({
        root: join(folder, subject),
        port: 0,
        settings: false,
        env: { ...upstreams.settings, 'AzureWebJobs.refreshWorker.Disabled': 'true' },
      });
      hosts.push(host);
      return host;
    },
    usageOf: async ({ origin }) => (await (await fetch(`${origin}/api/usage`)).json()) as Usage,
    async stop() {
      await Promise.all(hosts.map((host) => host.stop()));
      generator.stop();
      upstreams.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
