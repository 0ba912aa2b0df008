import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Counts, Latencies, ToUpstreams } from './upstreamsProcess.ts';

const PROCESS = fileURLToPath(new URL('./upstreamsProcess.ts', import.meta.url));
/** Azurite's well-known account and key: a connection string needs both, and nobody checks the signature. */
const ACCOUNT = 'devstoreaccount1';
const KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';
const TENANT = '5ead0000-0000-4000-8000-0000000000be';
const CLIENT = '5ead0000-0000-4000-8000-0000000000c1';

export type Upstreams = Awaited<ReturnType<typeof startUpstreams>>;

type Answer = { counts: Counts; tokens?: string[] };

/** Starts storage, Entra ID and Graph, as far as the benchmarks call them, in a process of its own. */
export async function startUpstreams(latencies: Latencies = { storageMs: 0, tokenMs: 0, apiMs: 0 }) {
  const child = fork(PROCESS);
  const [{ origins }] = (await once(child, 'message')) as [
    { origins: { identity: string; blob: string; table: string } },
  ];

  async function ask(message: ToUpstreams): Promise<Answer> {
    child.send(message);
    const [answer] = (await once(child, 'message')) as [Answer];
    return answer;
  }

  await ask({ latencies });
  return {
    pid: child.pid ?? 0,
    origin: origins.identity,
    /** The settings of the functions over these services. */
    settings: {
      FUNCTIONS_WORKER_RUNTIME: 'node',
      ENTRA_TENANT_ID: TENANT,
      ENTRA_CLIENT_ID: CLIENT,
      ENTRA_CLIENT_SECRET: `bench~${randomUUID()}`,
      ENTRA_AUTHORITY: origins.identity,
      GRAPH_BASE_URL: origins.identity,
      TokenStore: `DefaultEndpointsProtocol=http;AccountName=${ACCOUNT};AccountKey=${KEY};BlobEndpoint=${origins.blob}/${ACCOUNT};TableEndpoint=${origins.table}/${ACCOUNT};`,
    },
    setLatencies: (changed: Latencies) => ask({ latencies: changed }),
    /** Access tokens of so many new users for the API. */
    async signIn(users: number): Promise<string[]> {
      const oids = Array.from({ length: users }, () => randomUUID());
      return (await ask({ sign: { tid: TENANT, clientId: CLIENT, oids } })).tokens ?? [];
    },
    /** The calls since they were last counted from 0. */
    counts: async (): Promise<Counts> => (await ask({ count: 'read' })).counts,
    countFromZero: () => ask({ count: 'begin' }),
    stop: (): void => void child.disconnect(),
  };
}
