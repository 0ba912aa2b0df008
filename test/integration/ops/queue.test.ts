import { QueueServiceClient } from '@azure/storage-queue';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Azurite, startAzurite } from '../../../dev/azurite.ts';
import { runStead } from './runStead.ts';

let azurite: Azurite;
beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite?.stop());

const stead = (...args: string[]) => runStead(args, { TokenStore: azurite.connectionString });
const part = JSON.stringify({ v: 1, shard: '5' });

async function put(name: string, ...texts: string[]): Promise<void> {
  const queue = QueueServiceClient.fromConnectionString(azurite.connectionString).getQueueClient(name);
  await queue.createIfNotExists();
  for (const text of texts) await queue.sendMessage(text);
}
const sent = Buffer.from(part).toString('base64');

it('shows the parts of split runs, and ends with 1 once some have failed for good', {
  timeout: 120_000,
}, async () => {
  const before = await stead('queue');
  expect(before).toMatchObject({ exitCode: 0, errors: [] });
  expect(before.lines.slice(-2)).toEqual(['run-parts         0', 'run-parts-poison  0']);

  await put('run-parts', sent, sent);
  const waiting = await stead('queue', '--json');
  expect(waiting).toMatchObject({ exitCode: 0, errors: [] });
  const first = { insertedOn: expect.any(String), tries: 0, text: part };
  expect(waiting.lines.map((line) => JSON.parse(line))).toEqual([
    { queue: 'run-parts', messages: 2, first: [first, first] },
    { queue: 'run-parts-poison', messages: 0, first: [] },
  ]);

  await put('run-parts-poison', 'sent by somebody else');
  const failed = await stead('queue');
  expect(failed.exitCode).toBe(1);
  expect(failed.lines.at(-1)).toMatch(/^run-parts-poison +1 +\d{4}-/);
  expect(failed.errors).toEqual([expect.stringMatching(/Parts that fail/)]);
  const [, poison] = (await stead('queue', '--json')).lines.map((line) => JSON.parse(line));
  expect(poison.first[0].text).toBe('sent by somebody else');
});

it('says what is missing without a queue service', async () => {
  const { exitCode, errors } = await runStead(['queue'], {
    LOG_HASH_KEY: Buffer.alloc(32, 1).toString('base64'),
    TokenStore__blobServiceUri: 'https://mine.blob.core.windows.net',
    TokenStore__tableServiceUri: 'https://mine.table.core.windows.net',
    TokenStore__credential: 'managedidentity',
  });
  expect(exitCode).toBe(1);
  expect(errors.join('\n')).toMatch(/TokenStore__queueServiceUri/);
});
