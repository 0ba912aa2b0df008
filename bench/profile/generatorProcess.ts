/** The process that sends requests, so that its CPU time is not that of the application. */
import { Agent, get } from 'node:http';

export type Load = {
  url: string;
  /** The access tokens of the users, each of whom sends in turn. */
  tokens: string[];
  connections: number;
  /** Either so many requests, all at once as far as there are connections, or for so long. */
  requests?: number;
  forMs?: number;
};

/** Milliseconds. */
export type Loaded = { answers: number; failed: number; ms: number; p50: number; p99: number };

const send = (agent: Agent, url: string, token: string): Promise<number> =>
  new Promise((resolve) => {
    get(url, { agent, headers: { authorization: `Bearer ${token}` } }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    }).on('error', () => resolve(0));
  });

async function load({ url, tokens, connections, requests, forMs }: Load): Promise<Loaded> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const took: number[] = [];
  let sent = 0;
  let failed = 0;
  const begun = performance.now();
  const goesOn = () => (requests === undefined ? performance.now() - begun < (forMs ?? 0) : sent < requests);
  const worker = async () => {
    while (goesOn()) {
      const token = tokens[sent % tokens.length] ?? '';
      sent += 1;
      const from = performance.now();
      if ((await send(agent, url, token)) !== 200) failed += 1;
      took.push(performance.now() - from);
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  agent.destroy();
  took.sort((one, other) => one - other);
  const at = (share: number) => took[Math.min(took.length - 1, Math.floor(share * took.length))] ?? 0;
  return { answers: took.length, failed, ms: performance.now() - begun, p50: at(0.5), p99: at(0.99) };
}

process.once('disconnect', () => process.exit());
process.on('message', async (order: Load) => process.send?.(await load(order)));
