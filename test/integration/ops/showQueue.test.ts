import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { readQueues } from '../../../ops/showQueue.ts';

let server: Server | undefined;
afterEach(() => server?.close());

/** The settings of a queue service that answers everything so. */
async function serviceThatAnswers(status: number, code: string): Promise<{ TokenStore: string }> {
  const answering = createServer((request, response) => {
    request.resume();
    response.writeHead(status, { 'x-ms-error-code': code, connection: 'close' }).end();
  });
  server = answering;
  await new Promise<void>((resolve) => answering.listen(0, '127.0.0.1', resolve));
  const { port } = answering.address() as AddressInfo;
  const endpoint = `QueueEndpoint=http://127.0.0.1:${port}/store`;
  return {
    TokenStore: `DefaultEndpointsProtocol=http;AccountName=store;AccountKey=${btoa('no key')};${endpoint}`,
  };
}

it.each([
  [403, 'AuthorizationPermissionMismatch', 'It takes the role Storage Queue Data Contributor'],
  [400, 'InvalidHeaderValue', 'Ask again later.'],
])('the queues that answer %d %s cannot be read, and only a refusal names the role', async (status, code, remedy) => {
  const reading = readQueues(await serviceThatAnswers(status, code), undefined);
  await expect(reading).rejects.toThrow(`cannot be read (${code}). ${remedy}`);
});
