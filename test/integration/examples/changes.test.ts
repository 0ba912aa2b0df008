/** The example of change notifications, over the stand-in and a double of Graph's subscriptions. */
import { createHmac } from 'node:crypto';
import { HttpRequest } from '@azure/functions';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Entra, startEntra } from '../../../dev/entra/startEntra.ts';
import { receiveChanges, watchDrive } from '../../../examples/changes/changes.ts';
import { UnavailableError } from '../../../shared/errors.ts';
import { createLocalApp } from '../../../shared/testing/localApp.ts';
import { registerForApi } from '../../support/adminConsent.ts';
import { SPA_ORIGIN, signIn } from '../../support/entraClients.ts';

const URL_OF_OURS = 'https://app.example/api/changes';
const KEY = new Uint8Array(32).fill(3);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

type Subscription = { id: string; clientState: string; expirationDateTime: string } & Record<string, unknown>;

let entra: Entra;
beforeAll(async () => {
  entra = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN] });
  await registerForApi(entra, ['Files.Read']);
  for (const user of ['adele', 'bruno']) await signIn(entra, user, { prompt: 'consent' });
});
afterAll(() => entra?.close());

async function stage() {
  const subscriptions = new Map<string, Subscription>();
  const asked: string[] = [];
  /** As Graph: it validates the address before it makes a subscription. */
  const graph = async (path: string, { method = 'GET', body }: RequestInit): Promise<Response> => {
    asked.push(`${method} ${path}`);
    const given = JSON.parse(String(body)) as Omit<Subscription, 'id'>;
    const id = path.split('/')[3] ?? '';
    if (method === 'PATCH') {
      const known = subscriptions.get(id);
      if (known === undefined) return new Response(null, { status: 404 });
      subscriptions.set(id, { ...known, ...given, id });
      return Response.json(subscriptions.get(id));
    }
    const token = 'Validation: Testing client & <b>server</b>';
    const query = new URLSearchParams({ validationToken: token });
    const answer = await receive(new Request(`${URL_OF_OURS}?${query}`, { method: 'POST' }));
    if (answer.status !== 200 || (await answer.text()) !== token) return new Response(null, { status: 400 });
    const made = { ...given, id: `subscription-${subscriptions.size + 1}` } as Subscription;
    subscriptions.set(made.id, made);
    return Response.json(made, { status: 201 });
  };
  const app = createLocalApp(entra, {
    tasks: [watchDrive({ url: URL_OF_OURS, key: KEY })],
    fetch: (address, init = {}) => {
      const { pathname } = new URL(String(address));
      return pathname.startsWith('/v1.0/subscriptions') ? graph(pathname, init) : fetch(address, init);
    },
  });
  const receive = receiveChanges(app.stead, KEY);
  const userId = await app.visit('adele');
  app.clock.aheadMs += 2 * MINUTE;
  const notify = async (...value: unknown[]) => {
    const request = new Request(URL_OF_OURS, { method: 'POST', body: JSON.stringify({ value }) });
    return (await receive(request)).status;
  };
  const isDue = async () => {
    const account = await app.accounts.read(userId);
    return (account?.nextCheckAt ?? 0) <= new Date(app.now().getTime() + 1_000);
  };
  return { app, userId, subscriptions, asked, receive, notify, isDue };
}

describe('the task', () => {
  it('makes a subscription once, and renews it in each check', async () => {
    const { app, userId, subscriptions, asked } = await stage();
    expect(await app.sweep()).toMatchObject({ tasks: { done: 1, failed: 0 } });
    const [made] = [...subscriptions.values()];
    expect(made).toMatchObject({
      changeType: 'updated',
      resource: '/me/drive/root',
      notificationUrl: URL_OF_OURS,
      lifecycleNotificationUrl: URL_OF_OURS,
    });
    expect(made?.clientState.startsWith(`${userId}.`)).toBe(true);
    expect(made?.clientState.length).toBeLessThanOrEqual(128);
    app.clock.aheadMs += 2 * HOUR;
    expect(await app.sweep()).toMatchObject({ tasks: { done: 1, failed: 0 } });
    expect(asked).toEqual(['POST /v1.0/subscriptions', 'PATCH /v1.0/subscriptions/subscription-1']);
  });

  it('makes another one if Graph has removed it', async () => {
    const { app, subscriptions, asked } = await stage();
    await app.sweep();
    subscriptions.clear();
    app.clock.aheadMs += 2 * HOUR;
    expect(await app.sweep()).toMatchObject({ tasks: { done: 1, failed: 0 } });
    expect(asked.slice(1)).toEqual(['PATCH /v1.0/subscriptions/subscription-1', 'POST /v1.0/subscriptions']);
  });
});

describe('a notification', () => {
  it('wakes its user, whose tasks then run', async () => {
    const { app, userId, subscriptions, notify, isDue } = await stage();
    await app.sweep();
    expect(await isDue()).toBe(false);
    const [{ clientState } = { clientState: '' }] = [...subscriptions.values()];
    expect(await notify({ clientState, changeType: 'updated', resource: 'me/drive/root' })).toBe(202);
    expect(await isDue()).toBe(true);
    app.clock.aheadMs += MINUTE;
    expect(await app.sweep()).toMatchObject({ claimed: 1, tasks: { done: 1 } });
    const user = app.logId(userId);
    expect(app.events.filter(({ event }) => event === 'account.woken')).toEqual([
      { event: 'account.woken', user },
    ]);
  });

  it.each([
    'reauthorizationRequired',
    'subscriptionRemoved',
    'missed',
  ])('of its lifecycle does, too: %s', async (lifecycleEvent) => {
    const { app, subscriptions, notify, isDue } = await stage();
    await app.sweep();
    const [{ clientState } = { clientState: '' }] = [...subscriptions.values()];
    expect(await notify({ clientState, lifecycleEvent })).toBe(202);
    expect(await isDue()).toBe(true);
  });

  it('wakes each of its users once, however many it is about', async () => {
    const { app, notify } = await stage();
    await app.visit('bruno');
    app.clock.aheadMs += 2 * MINUTE;
    await app.sweep();
    const states = [];
    for await (const { userId } of app.accounts.list()) {
      states.push(`${userId}.${createHmac('sha256', KEY).update(userId).digest('base64url')}`);
    }
    expect(states).toHaveLength(2);
    expect(await notify(...[...states, ...states].map((clientState) => ({ clientState })))).toBe(202);
    expect(app.events.filter(({ event }) => event === 'account.woken')).toHaveLength(2);
  });

  it('does nothing without a proof, and its sender does not learn whether there is such a user', async () => {
    const { app, userId, subscriptions, notify, isDue, receive } = await stage();
    await app.sweep();
    const [{ clientState } = { clientState: '' }] = [...subscriptions.values()];
    const [, proof = ''] = clientState.split('.');
    const other = userId.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'));
    const forged = [
      undefined,
      null,
      7,
      '',
      userId,
      `${userId}.`,
      `${userId}.${proof.slice(1)}`,
      `${userId}.${'A'.repeat(43)}`,
      `${other}.${proof}`,
      `${clientState}.`,
      `.${proof}`,
      'é'.repeat(60),
    ];
    for (const one of forged) expect(await notify({ clientState: one })).toBe(202);
    expect(await notify(null, 'text', [], { value: [{ clientState }] })).toBe(202);
    for (const body of ['', 'null', '[]', '{"value":7}', 'not json']) {
      expect((await receive(new Request(URL_OF_OURS, { method: 'POST', body }))).status).toBe(202);
    }
    expect(await isDue()).toBe(false);
    expect(app.events.filter(({ event }) => event === 'account.woken')).toEqual([]);
  });

  it('is not read to its end if it is larger than any of Graph', async () => {
    const { receive } = await stage();
    const chunk = new TextEncoder().encode('[0,'.repeat(30_000));
    let sent = 0;
    let isCancelled = false;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1;
        controller.enqueue(chunk);
      },
      cancel() {
        isCancelled = true;
      },
    });
    const request = new Request(URL_OF_OURS, { method: 'POST', body, duplex: 'half' } as RequestInit);
    expect((await receive(request)).status).toBe(413);
    expect(isCancelled).toBe(true);
    expect(sent).toBeLessThan(20);
  });

  it('is sent again by Graph if storage cannot be reached', async () => {
    const { app, subscriptions, notify } = await stage();
    await app.sweep();
    const [{ clientState } = { clientState: '' }] = [...subscriptions.values()];
    app.accounts.read = () => Promise.reject(new UnavailableError('accounts'));
    expect(await notify({ clientState })).toBe(503);
  });

  it('of a user who has disconnected wakes nobody', async () => {
    const { app, subscriptions, notify } = await stage();
    await app.sweep();
    const [{ clientState } = { clientState: '' }] = [...subscriptions.values()];
    await app.connection.delete((await signIn(entra, 'adele')).accessToken);
    expect(await notify({ clientState })).toBe(202);
    expect(app.events.filter(({ event }) => event === 'account.woken')).toEqual([]);
  });
});

describe('in Azure Functions', () => {
  it('takes the requests of that platform', async () => {
    const { receive, isDue, subscriptions, app } = await stage();
    const ask = async (query: string, body?: object) => {
      const sent = new HttpRequest({
        method: 'POST',
        url: `${URL_OF_OURS}${query}`,
        ...(body && { body: { string: JSON.stringify(body) } }),
      });
      return receive(sent);
    };
    expect(await (await ask('?validationToken=a')).text()).toBe('a');
    await app.sweep();
    const [{ clientState } = { clientState: '' }] = [...subscriptions.values()];
    expect((await ask('', { value: [{ clientState }] })).status).toBe(202);
    expect(await isDue()).toBe(true);
  });

  it('wakes nobody with a key from a setting that is missing', async () => {
    const { app, userId } = await stage();
    const receive = receiveChanges(app.stead, new Uint8Array());
    const clientState = `${userId}.${createHmac('sha256', '').update(userId).digest('base64url')}`;
    const request = new Request(URL_OF_OURS, {
      method: 'POST',
      body: JSON.stringify({ value: [{ clientState }] }),
    });
    expect((await receive(request)).status).toBe(503);
  });
});

describe('the answer to a validation', () => {
  it('is plain text that no browser takes for a page', async () => {
    const { receive } = await stage();
    const answer = await receive(new Request(`${URL_OF_OURS}?validationToken=%3Cscript%3E`));
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await answer.text()).toBe('<script>');
  });
});
