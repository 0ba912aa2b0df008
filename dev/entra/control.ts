/** `/dev/...`: how tests, demos and people steer the server. */
import { type Context, Hono } from 'hono';
import { changedAnswers } from './answers.ts';
import { belongingsControl } from './belongingsControl.ts';
import type { Client } from './clients.ts';
import { changedConsentSettings } from './consents.ts';
import { DEMO_USERS, type DemoUser, homeAccountId } from './directory.ts';
import { type FaultScope, readFault } from './faultRules.ts';
import type { FaultTarget } from './faults.ts';
import { InputError, isRecord } from './input.ts';
import type { EntraEnv } from './journal.ts';
import { changedLifetimes } from './lifetimes.ts';
import { personControl } from './personControl.ts';
import type { StandIn } from './standIn.ts';

/** The request cannot be done; answered as `{ error: message }`. */
class ControlError extends Error {
  readonly status: 400 | 403 | 404 | 409;

  constructor(status: ControlError['status'], message: string) {
    super(message);
    this.status = status;
  }
}

export function controlEndpoints(standIn: StandIn): Hono<EntraEnv> {
  const { clients, consents, faults, journal, keys, people } = standIn;
  const app = new Hono<EntraEnv>();

  function knownUser(name: string): DemoUser {
    const user = people.named(name);
    if (user) return user;
    const names = DEMO_USERS.map((one) => one.name).join(', ');
    throw new ControlError(404, `there is no user "${name}"; there are ${names} and more at /dev/users`);
  }

  function knownTenant(tid: string): string {
    if (people.isTenant(tid)) return tid;
    throw new ControlError(404, `there is no tenant "${tid}"`);
  }

  /** Withdraws a user's own grants in every tenant that knows them. A grant for a whole tenant is not withdrawn. */
  async function withdraw(target: FaultTarget, client?: string): Promise<void> {
    if ('tid' in target) return consents.withdraw(target, client);
    const { tid, oid, homeTid, homeOid } = target.user;
    await consents.withdraw({ tid, oid }, client);
    await consents.withdraw({ tid: homeTid, oid: homeOid }, client);
  }

  async function setFault(input: unknown, scope: FaultScope, target?: FaultTarget) {
    const fault = readFault(input, scope);
    if (fault.kind !== 'consent' || !target) return faults.set(fault, target);
    await withdraw(target);
    return fault;
  }

  app.onError((error, c) => {
    if (error instanceof InputError) return c.json({ error: error.message }, 400);
    if (error instanceof ControlError) return c.json({ error: error.message }, error.status);
    throw error;
  });

  // A page of any other site could send the requests that need no preflight.
  app.use(async (c, next) => {
    const origin = c.req.header('origin');
    if (origin !== undefined && origin !== standIn.origin && !clients.isSpaOrigin(origin)) {
      throw new ControlError(403, `"${origin}" is not one of the registered origins`);
    }
    await next();
  });

  function knownClient(id: string): Client {
    const client = clients.find(id);
    if (client) return client;
    throw new ControlError(404, `there is no application "${id}"`);
  }

  app.get('/users', (c) =>
    c.json(
      people.all.map((user) => ({
        name: user.name,
        displayName: user.displayName,
        upn: user.upn,
        oid: user.oid,
        tid: user.tid,
        homeAccountId: homeAccountId(user),
      })),
    ),
  );

  app.put('/users/:name/fault', async (c) => {
    const user = knownUser(c.req.param('name'));
    return c.json(await setFault(await bodyOf(c), 'user', { user }));
  });
  app.delete('/users/:name/fault', (c) => {
    faults.clear({ user: knownUser(c.req.param('name')) });
    return c.body(null, 204);
  });
  app.put('/tenants/:tid/fault', async (c) => {
    const tid = knownTenant(c.req.param('tid'));
    return c.json(await setFault(await bodyOf(c), 'tenant', { tid }));
  });
  app.delete('/tenants/:tid/fault', (c) => {
    faults.clear({ tid: knownTenant(c.req.param('tid')) });
    return c.body(null, 204);
  });
  app.put('/fault', async (c) => c.json(await setFault(await bodyOf(c), 'server')));
  app.delete('/fault', (c) => {
    faults.clear();
    return c.body(null, 204);
  });

  app.get('/lifetimes', (c) => c.json(standIn.lifetimes));
  app.put('/lifetimes', async (c) => {
    standIn.lifetimes = changedLifetimes(standIn.lifetimes, await bodyOf(c));
    return c.json(standIn.lifetimes);
  });

  app.get('/answers', (c) => c.json(standIn.answers));
  app.put('/answers', async (c) => {
    standIn.answers = changedAnswers(standIn.answers, await bodyOf(c));
    return c.json(standIn.answers);
  });

  app.route('/', belongingsControl(standIn, knownUser, bodyOf));
  app.route('/', personControl(standIn, knownUser, withdraw, bodyOf));

  app.get('/consent', (c) => c.json({ ...consents.settings, grants: consents.all() }));
  app.put('/consent', async (c) => {
    consents.settings = changedConsentSettings(consents.settings, await bodyOf(c));
    return c.json(consents.settings);
  });
  app.delete('/users/:name/consent', async (c) => {
    await withdraw({ user: knownUser(c.req.param('name')) }, c.req.query('client'));
    return c.body(null, 204);
  });
  app.delete('/tenants/:tid/consent', async (c) => {
    await withdraw({ tid: knownTenant(c.req.param('tid')) }, c.req.query('client'));
    return c.body(null, 204);
  });
  app.put('/tenants/:tid/consent', async (c) => {
    const tid = knownTenant(c.req.param('tid'));
    const body = await bodyOf(c);
    const usersMayConsent = isRecord(body) ? body.usersMayConsent : undefined;
    if (typeof usersMayConsent !== 'boolean') {
      throw new ControlError(400, 'consent: expected { "usersMayConsent": true or false }');
    }
    if (usersMayConsent) consents.closedTenants.delete(tid);
    else consents.closedTenants.add(tid);
    return c.json({ usersMayConsent });
  });
  app.put('/applications/:id', async (c) => {
    const client = knownClient(c.req.param('id'));
    return c.json(clients.register(client, await bodyOf(c)));
  });

  app.put('/applications/:id/credentials', async (c) => {
    standIn.credentials.register(knownClient(c.req.param('id')).id, await bodyOf(c));
    return c.body(null, 204);
  });

  app.put('/applications/:id/app-roles', async (c) => {
    standIn.appRoles.register(knownClient(c.req.param('id')).id, await bodyOf(c));
    return c.body(null, 204);
  });

  app.get('/requests', (c) => c.json(journal.entries()));
  app.delete('/requests', (c) => {
    journal.clear();
    return c.body(null, 204);
  });

  app.post('/keys/rotate', async (c) => c.json({ kid: await keys.rotate() }, 201));
  app.delete('/keys/:kid', async (c) => {
    const kid = c.req.param('kid');
    const outcome = await keys.remove(kid);
    if (outcome === 'unknown') throw new ControlError(404, `there is no key "${kid}"`);
    if (outcome === 'signing') throw new ControlError(409, 'this key signs: rotate first, then remove it');
    return c.body(null, 204);
  });

  app.post('/clients/:id/key', async (c) =>
    c.json({ kid: await keys.customize(knownClient(c.req.param('id')).id) }, 201),
  );
  app.delete('/clients/:id/key', (c) => {
    keys.uncustomize(knownClient(c.req.param('id')).id);
    return c.body(null, 204);
  });
  return app;
}

async function bodyOf(c: Context): Promise<unknown> {
  try {
    return JSON.parse(await c.req.text());
  } catch {
    throw new ControlError(400, 'the body is not JSON');
  }
}
