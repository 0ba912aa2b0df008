import { QueueClient } from '@azure/storage-queue';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Azurite, startAzurite } from '../../../../dev/azurite.ts';
import type { Host } from '../../../../dev/host/spawnHost.ts';
import { runAppForTest, waitForLines } from './runApp.ts';

let azurite: Azurite;
let work: QueueClient;
let poison: QueueClient;
beforeAll(async () => {
  azurite = await startAzurite();
  work = new QueueClient(azurite.connectionString, 'work');
  poison = new QueueClient(azurite.connectionString, 'work-poison');
});
afterAll(() => azurite?.stop());
beforeEach(async () => {
  await Promise.all([work.deleteIfExists(), poison.deleteIfExists()]);
});

const QUICK = { maxPollingInterval: '00:00:01', visibilityTimeout: '00:00:00' };

const start = (queues: object = QUICK): Promise<Host> =>
  runAppForTest(
    { app: 'queueApp.ts', files: { 'host.json': { version: '2.0', extensions: { queues } } } },
    { env: { Store: azurite.connectionString, 'AzureWebJobs.off.Disabled': 'true' } },
  );

const post = ({ origin }: Host, name: string, body?: unknown) =>
  fetch(`${origin}/api/${name}`, {
    method: 'POST',
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });

/** How many messages a queue has, those that nobody sees for now included. */
const countIn = async (queue: QueueClient) => (await queue.getProperties()).approximateMessagesCount ?? 0;

const encoded = (text: string) => Buffer.from(text).toString('base64');
const text = (encoded: string) => Buffer.from(encoded, 'base64').toString();

describe('a queue function', () => {
  it('takes the messages that another function gives to its output, each element of an array for itself', async () => {
    const host = await start();
    expect((await post(host, 'send', [{ a: 1 }, 'text', 7])).status).toBe(204);
    const lines = await waitForLines(host, /running \d+ /, 3);
    const messages = lines.map((line) => line.replace(/^.*running \d+ /, ''));
    expect(messages.sort()).toEqual(['"text"', '7', '{"a":1}']);
    await vi.waitFor(async () => expect(await countIn(work)).toBe(0), { timeout: 10_000 });
    expect((await post(host, 'send', { one: true })).status).toBe(204);
    await waitForLines(host, /running \d+ \{"one":true\}/);
  });

  it('gets nothing if the output was not set', async () => {
    const host = await start();
    await post(host, 'sendNothing');
    await post(host, 'send', 'after');
    await waitForLines(host, /running 1 "after"/);
    expect(host.lines.filter((line) => /running \d/.test(line))).toHaveLength(1);
  });

  it('is tried five times, and then its message is in the poison queue as it was', async () => {
    const host = await start();
    await post(host, 'send', 'fail');
    await waitForLines(host, /Moving message to queue 'work-poison'/);
    const tries = host.lines.flatMap((line) => /Error: try (\d)/.exec(line)?.[1] ?? []);
    expect([...new Set(tries)]).toEqual(['1', '2', '3', '4', '5']);
    await vi.waitFor(async () => expect(await countIn(poison)).toBe(1), { timeout: 10_000 });
    const { peekedMessageItems } = await poison.peekMessages();
    expect(peekedMessageItems.map(({ messageText }) => text(messageText))).toEqual(['fail']);
    // It is in both queues for a moment, so that a host that dies loses nothing.
    await vi.waitFor(async () => expect(await countIn(work)).toBe(0), { timeout: 10_000 });
  });

  it.each([
    '{"v":1}',
    'e30',
    'e30_',
    'e3=0',
  ])('never sees %j, which is not base64: it is in the poison queue at once, as it was', async (message) => {
    const host = await start();
    await work.create();
    await work.sendMessage(message);
    await work.sendMessage(encoded('after'));
    await waitForLines(host, /Message decoding has failed!/);
    await waitForLines(
      host,
      /Message has reached MaxDequeueCount of 5. Moving message to queue 'work-poison'/,
    );
    await waitForLines(host, /running 1 "after"/);
    await vi.waitFor(async () => expect(await countIn(poison)).toBe(1), { timeout: 10_000 });
    const { peekedMessageItems } = await poison.peekMessages();
    expect(peekedMessageItems.map(({ messageText }) => messageText)).toEqual([message]);
    expect(host.lines.filter((line) => /running \d/.test(line))).toHaveLength(1);
  });

  it('takes as many messages at once as the batch has, and no more before the threshold', async () => {
    // All are there before the host asks for any: a batch of the first alone would keep it from asking again.
    await work.create();
    for (let sent = 0; sent < 5; sent += 1) await work.sendMessage(encoded('wait'));
    const host = await start({ ...QUICK, batchSize: 2, newBatchThreshold: 0 });
    await waitForLines(host, /running 2 "wait"/);
    await post(host, 'open');
    await waitForLines(host, /running \d "wait"/, 4);
    await post(host, 'open');
    await waitForLines(host, /running \d "wait"/, 5);
    await post(host, 'open');
    await vi.waitFor(async () => expect(await countIn(work)).toBe(0), { timeout: 10_000 });
    expect(host.lines.join('\n')).not.toMatch(/running 3/);
  });

  it('leaves the message of a host that is killed to others, who do not see it while it may still run', async () => {
    const host = await start();
    await post(host, 'send', 'wait');
    await waitForLines(host, /running 1 "wait"/);
    host.kill();
    await host.exited;
    const other = await start();
    await post(other, 'send', 'more');
    await waitForLines(other, /running 1 "more"/);
    await vi.waitFor(async () => expect(await countIn(work)).toBe(1), { timeout: 10_000 });
    expect(other.lines.join('\n')).not.toMatch(/"wait"/);
  });

  it('has not failed if its message cannot be deleted afterwards', async () => {
    const host = await start({ ...QUICK, maxDequeueCount: 1 });
    await post(host, 'send', 'wait');
    await waitForLines(host, /running 1 "wait"/);
    await work.clearMessages();
    await post(host, 'open');
    await waitForLines(host, /A message was not handled/);
    expect(host.lines.join('\n')).not.toMatch(/Moving message to queue/);
  });

  it('does not run if it is switched off, or if its storage is not named', async () => {
    const host = await start();
    const [unnamed] = await waitForLines(host, /unnamed .*Will not run/);
    expect(unnamed).toMatch(/the setting Nowhere is missing/);
    await waitForLines(host, /off Disabled by the setting/);
    await waitForLines(host, /worker queue work$/);
  });

  it.each([
    [{ batchSize: 33 }, /batchSize" must be a whole number from 1 to 32/],
    [{ visibilityTimeout: '10 s' }, /visibilityTimeout" must be hh:mm:ss/],
    [{ messageEncoding: 'utf8' }, /messageEncoding" must be base64 or none/],
  ])('starts nowhere with %j', async (queues, says) => {
    await expect(start(queues)).rejects.toThrow(says);
  });
});
