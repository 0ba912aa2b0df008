/** Attacks with the body of a request for a link: nobody unknown has it read, and nobody learns the names of tasks. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Entra } from '../../dev/entra/startEntra.ts';
import { createFetchHandlers } from '../../shared/serve/fetchHandlers.ts';
import { createShiftedClock } from '../../shared/testing/testClock.ts';
import { createRequestLimits } from '../../shared/tokens/requestLimits.ts';
import { createLinkBrowser, startLinkEntra } from '../support/linkBrowser.ts';
import { ADELES_ID, answerOf, stageLink } from './linkStage.ts';

let entra: Entra;
beforeAll(async () => {
  entra = await startLinkEntra();
});
afterAll(() => entra?.close());

const OPEN = 'https://api.example/api/connection/link';
const sink = { info() {}, warn() {}, error() {} };

/** A body that is sent for as long as somebody reads it. */
function endless() {
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 65_536;
      if (sent > 8_000_000) controller.close();
      else controller.enqueue(new Uint8Array(65_536).fill(32));
    },
  });
  return { body, sent: () => sent };
}

async function post(
  app: Awaited<ReturnType<typeof stageLink>>['app'],
  accessToken: string,
  body: string | ReadableStream,
) {
  return answerOf(
    await createFetchHandlers(app.stead, { sink }).link(
      new Request(OPEN, {
        method: 'POST',
        headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
        body,
        duplex: 'half',
      } as RequestInit),
    ),
  );
}

describe('the body of a request for a link', () => {
  it('is not read before it is known who sends it', async () => {
    const { app } = await stageLink(entra);
    const { body, sent } = endless();
    expect(await post(app, 'x.y.z', body)).toBe('401 TOKEN_INVALID');
    // A stream fetches one chunk ahead.
    expect(sent()).toBeLessThanOrEqual(65_536);
  });

  it('is read no further than it may be long, whoever sends it', async () => {
    const { app, accessToken, unchanged } = await stageLink(entra);
    const { body, sent } = endless();
    expect(await post(app, accessToken, body)).toBe('400 REQUEST_MALFORMED');
    expect(sent()).toBeLessThanOrEqual(3 * 65_536);
    const long = { tasks: ['x'.repeat(10_000)] };
    expect(await unchanged(() => createLinkBrowser(app.stead).ask(accessToken, long))).toBe(
      '400 REQUEST_MALFORMED',
    );
  });

  it('tells an unknown caller nothing of the tasks and functions', async () => {
    const { app } = await stageLink(entra);
    expect(await post(app, 'x.y.z', '{"tasks":["no-such-task"]}')).toBe('401 TOKEN_INVALID');
    expect(await post(app, 'x.y.z', '{"functions":["profile"]}')).toBe('401 TOKEN_INVALID');
    expect(await post(app, 'x.y.z', '{')).toBe('401 TOKEN_INVALID');
  });

  it('counts as a request also if it is refused', async () => {
    const { app, accessToken } = await stageLink(entra, {
      limits: createRequestLimits(createShiftedClock()),
    });
    const answers: string[] = [];
    for (let times = 0; times < 5; times += 1)
      answers.push(await post(app, accessToken, '{"returnUrl":"x"}'));
    expect(answers.at(-1)).toBe('429 TOO_MANY_REQUESTS');
    expect(await app.accounts.read(ADELES_ID)).not.toHaveProperty('link');
  });

  it('is of the type JSON', async () => {
    const { app, accessToken } = await stageLink(entra);
    const answer = await createFetchHandlers(app.stead, { sink }).link(
      new Request(OPEN, { method: 'POST', headers: { authorization: `Bearer ${accessToken}` }, body: '{}' }),
    );
    expect(await answerOf(answer)).toBe('400 REQUEST_MALFORMED');
  });
});
