import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, request } from 'node:http';
import { createServer as createTlsServer, request as requestTls } from 'node:https';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { Azurite } from '../../dev/azurite.ts';

export type SeenRequest = {
  method: string;
  url: URL;
  /** The header `Authorization`. */
  authorization: string;
  body: string;
  /** What the service answered, if it was asked. */
  answer?: { status: number; body: string };
};

export type Answer = { status: number; headers?: Record<string, string>; body?: string };

/**
 * `lost`: the service does what it is asked, and the connection breaks before it can say so. `none`: nothing is
 * done and nothing is said.
 */
export type Fault = 'lost' | 'none' | Answer;

/** Azurite's table service sends it with every error; Azure's has the code in the body alone. */
const ERROR_CODE_HEADER = 'x-ms-error-code';

/**
 * Stands between an SDK and one of Azurite's services, and does to single requests what Azurite never does. No answer
 * of the table service has the header `x-ms-error-code`, as in Azure. It serves https, with the same certificate, if Azurite
 * does.
 */
export async function startAzuriteProxy(azurite: Azurite, service: 'blob' | 'table') {
  const targetPort = azurite.ports[service];
  const seen: SeenRequest[] = [];
  const faults: {
    hits: (request: SeenRequest) => boolean;
    fault: Fault;
    when: Promise<unknown> | undefined;
  }[] = [];

  /** The flat list of names and values that `writeHead` takes. */
  const asAzure = (headers: [name: string, value: string][]): string[] =>
    headers.filter(([name]) => service === 'blob' || name.toLowerCase() !== ERROR_CODE_HEADER).flat();

  const answer: RequestListener = async (incoming, outgoing) => {
    const url = new URL(incoming.url ?? '/', 'http://azurite');
    const body = await buffer(incoming);
    const current: SeenRequest = {
      method: incoming.method ?? '',
      url,
      authorization: incoming.headers.authorization ?? '',
      body: body.toString('utf8'),
    };
    seen.push(current);
    const index = faults.findIndex(({ hits }) => hits(current));
    const [planned] = index < 0 ? [] : faults.splice(index, 1);
    const fault = planned?.fault;
    await planned?.when;
    if (fault === 'none') return;
    if (fault !== undefined && fault !== 'lost') {
      outgoing.writeHead(fault.status, asAzure(Object.entries(fault.headers ?? {}))).end(fault.body);
      return;
    }
    const azurites = await forward(azurite, targetPort, incoming, body);
    const answerBody = await buffer(azurites);
    current.answer = { status: azurites.statusCode ?? 0, body: answerBody.toString('utf8') };
    if (fault === 'lost') incoming.socket.destroy();
    else
      outgoing.writeHead(azurites.statusCode ?? 502, asAzure(pairsOf(azurites.rawHeaders))).end(answerBody);
  };
  const server =
    azurite.certificate === undefined ? createServer(answer) : createTlsServer(azurite.certificate, answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    connectionString: azurite.connectionString.replace(`:${targetPort}/`, `:${port}/`),
    /** The address of the service, with the account. */
    serviceUri: `${azurite.certificate === undefined ? 'http' : 'https'}://127.0.0.1:${port}/devstoreaccount1`,
    /** Every request so far, in order. */
    seen,
    /** The next request that `hits` gets this fault, once `when` is over; faults given earlier go first. */
    next(hits: (request: SeenRequest) => boolean, fault: Fault, when?: Promise<unknown>): void {
      faults.push({ hits, fault, when });
    },
    async close(): Promise<void> {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export type AzuriteProxy = Awaited<ReturnType<typeof startAzuriteProxy>>;

const pairsOf = (rawHeaders: string[]): [name: string, value: string][] =>
  Array.from({ length: rawHeaders.length / 2 }, (_, n) => [
    rawHeaders[2 * n] ?? '',
    rawHeaders[2 * n + 1] ?? '',
  ]);

async function forward(
  { certificate }: Azurite,
  port: number,
  incoming: IncomingMessage,
  body: Buffer,
): Promise<IncomingMessage> {
  const { method, url, headers } = incoming;
  const options = { host: '127.0.0.1', port, method, path: url, headers, agent: false };
  const outgoing =
    certificate === undefined ? request(options) : requestTls({ ...options, ca: certificate.cert });
  outgoing.end(body);
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  return answer;
}
