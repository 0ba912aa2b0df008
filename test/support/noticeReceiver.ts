/** A receiver of notices on this machine, which may be as bad as receivers are. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';

export type ReceivedNotice = {
  id: string;
  type: string;
  data: { kind: string; userId: string; since: string; endsAt?: string; link?: string };
};

/** What it does with a notice that it has read: a status, or something worse. */
export type Behaviour = number | 'hang' | 'cut' | 'endless' | ((response: ServerResponse) => void);

export type NoticeReceiver = {
  /** The settings with which an application sends it notices. */
  settings: { NOTICE_WEBHOOK_URL: string; NOTICE_WEBHOOK_SECRET: string; NOTICE_PAGE_URL: string };
  /** All that came, the oldest first, whatever it answered. */
  received: ReceivedNotice[];
  /** Requests that were no notices with a good signature. */
  refused: string[];
  /** For the next notices, one each, and then for all others. */
  behave(...behaviours: [Behaviour, ...Behaviour[]]): void;
  close(): Promise<void>;
};

const SECRET = `whsec_${Buffer.alloc(32, 42).toString('base64')}`;

export async function startNoticeReceiver(): Promise<NoticeReceiver> {
  const received: ReceivedNotice[] = [];
  const refused: string[] = [];
  let behaviours: readonly Behaviour[] = [204];
  const webhook = new Webhook(SECRET);

  async function read(request: IncomingMessage): Promise<ReceivedNotice | undefined> {
    const body = await text(request);
    const header = (name: string) => String(request.headers[name] ?? '');
    const [id, seconds] = [header('webhook-id'), Number(header('webhook-timestamp'))];
    // The clock of a test may be ahead, so the library signs again, and does not compare the time.
    const expected = webhook.sign(id, new Date(seconds * 1_000), body);
    if (request.method !== 'POST' || request.url !== '/hook' || header('webhook-signature') !== expected) {
      refused.push(`${request.method} ${request.url} ${header('webhook-signature')}`);
      return undefined;
    }
    return { id, ...(JSON.parse(body) as Omit<ReceivedNotice, 'id'>) };
  }

  function answer(behaviour: Behaviour, response: ServerResponse): void {
    if (behaviour === 'hang') return;
    if (behaviour === 'cut') {
      response.destroy();
      return;
    }
    if (typeof behaviour === 'function') {
      behaviour(response);
      return;
    }
    if (behaviour === 'endless') {
      response.writeHead(200);
      const more = setInterval(() => response.write('x'.repeat(10_000)), 5);
      response.on('close', () => clearInterval(more));
      return;
    }
    response.writeHead(behaviour, { location: '/elsewhere', 'content-type': 'text/plain' }).end('an answer');
  }

  const server = createServer(async (request, response) => {
    const notice = await read(request);
    if (notice === undefined) {
      response.writeHead(400).end();
      return;
    }
    received.push(notice);
    const [behaviour = 204, ...others] = behaviours;
    if (others.length > 0) behaviours = others;
    answer(behaviour, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  return {
    settings: {
      NOTICE_WEBHOOK_URL: `http://127.0.0.1:${port}/hook`,
      NOTICE_WEBHOOK_SECRET: SECRET,
      NOTICE_PAGE_URL: 'https://app.example/connection',
    },
    received,
    refused,
    behave: (...next) => {
      behaviours = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
