import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
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

export type StageOptions = {
  latencies?: Latencies;
  /** A folder in which the bundles stay, each with the CPU profiles of its processes. */
  profileTo?: string | undefined;
};

/** Builds the subjects, and starts what they call and what calls them: each in a process of its own. */
export async function startStage<S extends Subject>(
  subjects: readonly S[],
  { latencies, profileTo }: StageOptions = {},
): Promise<Stage<S>> {
  const folder = profileTo === undefined ? await mkdtemp(join(tmpdir(), 'stead-bench-')) : resolve(profileTo);
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
        env: {
          ...upstreams.settings,
          'AzureWebJobs.refreshWorker.Disabled': 'true',
          ...(profileTo !== undefined && {
            NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${join(folder, subject)}`,
          }),
        },
      });
      hosts.push(host);
      return host;
    },
    usageOf: async ({ origin }) => (await (await fetch(`${origin}/api/usage`)).json()) as Usage,
    async stop() {
      await Promise.all(hosts.map((host) => host.stop()));
      generator.stop();
      upstreams.stop();
      if (profileTo === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}
