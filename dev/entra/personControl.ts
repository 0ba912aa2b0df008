/** `/dev/users/NAME/lifetimes`, `/restore` and `/reset`: what concerns all of one person, and nobody else. */
import { type Context, Hono } from 'hono';
import type { DemoUser } from './directory.ts';
import { consentAs, giveAsAdministrator } from './givenConsents.ts';
import type { EntraEnv } from './journal.ts';
import { changedLifetimes } from './lifetimes.ts';
import type { StandIn } from './standIn.ts';

/** @param knownUser throws for a name that nobody has */
export function personControl(
  standIn: StandIn,
  knownUser: (name: string) => DemoUser,
  withdraw: (target: { user: DemoUser }) => Promise<void>,
  bodyOf: (c: Context) => Promise<unknown>,
): Hono<EntraEnv> {
  const { belongings, faults, ownLifetimes } = standIn;
  const app = new Hono<EntraEnv>();

  app.get('/users/:name/lifetimes', (c) => {
    const { name } = knownUser(c.req.param('name'));
    return c.json(ownLifetimes.get(name) ?? standIn.lifetimes);
  });
  app.put('/users/:name/lifetimes', async (c) => {
    const { name } = knownUser(c.req.param('name'));
    const changed = changedLifetimes(ownLifetimes.get(name) ?? standIn.lifetimes, await bodyOf(c));
    ownLifetimes.set(name, changed);
    return c.json(changed);
  });
  app.delete('/users/:name/lifetimes', (c) => {
    ownLifetimes.delete(knownUser(c.req.param('name')).name);
    return c.body(null, 204);
  });

  /** Nothing is wrong with the person any more: no fault, no revocation, and every consent that is registered. */
  app.post('/users/:name/restore', async (c) => {
    const user = knownUser(c.req.param('name'));
    faults.forget(user);
    await consentAs(standIn, user);
    await giveAsAdministrator(standIn, user);
    return c.body(null, 204);
  });
  /** The person is as they were at the start: they have consented to nothing yet. */
  app.post('/users/:name/reset', async (c) => {
    const user = knownUser(c.req.param('name'));
    faults.forget(user);
    ownLifetimes.delete(user.name);
    belongings.reset(user);
    await withdraw({ user });
    await giveAsAdministrator(standIn, user);
    return c.body(null, 204);
  });
  return app;
}
