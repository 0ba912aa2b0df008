/** `/dev/users/NAME/files`, `/messages` and `/delta-links`: what happens to people's files and mail. */
import { type Context, Hono } from 'hono';
import { changedBelongings } from './belongings.ts';
import type { DemoUser } from './directory.ts';
import { InputError, readFields } from './input.ts';
import type { EntraEnv } from './journal.ts';
import type { StandIn } from './standIn.ts';

/** @param knownUser throws for a name that nobody has */
export function belongingsControl(
  { belongings }: StandIn,
  knownUser: (name: string) => DemoUser,
  bodyOf: (c: Context) => Promise<unknown>,
): Hono<EntraEnv> {
  const app = new Hono<EntraEnv>();
  const notThere = (c: Context) => c.json({ error: `there is no "${c.req.param('id')}"` }, 404);
  const shelfOf = (c: Context, which: 'drive' | 'inbox') => {
    const user = knownUser(c.req.param('name') ?? '');
    const shelf = belongings.of(user)[which];
    if (shelf === undefined) throw new InputError(`belongings: ${user.name} has no ${which}`);
    return shelf;
  };

  app.get('/belongings', (c) => c.json(belongings.settings));
  app.put('/belongings', async (c) => {
    belongings.settings = changedBelongings(belongings.settings, await bodyOf(c));
    return c.json(belongings.settings);
  });

  app.post('/users/:name/files', async (c) => {
    const file = Object.fromEntries(
      readFields('file', await bodyOf(c), ['name', 'isFolder']).map(([name, value]) => {
        if (typeof value === (name === 'name' ? 'string' : 'boolean')) return [name, value];
        throw new InputError('file: "name" must be a text, and "isFolder" true or false');
      }),
    );
    return c.json({ id: belongings.addFile(knownUser(c.req.param('name')), file) }, 201);
  });
  app.put('/users/:name/files/:id', (c) =>
    shelfOf(c, 'drive').change(c.req.param('id'), {}) ? c.body(null, 204) : notThere(c),
  );
  app.delete('/users/:name/files/:id', (c) =>
    shelfOf(c, 'drive').remove(c.req.param('id')) ? c.body(null, 204) : notThere(c),
  );

  app.post('/users/:name/messages', async (c) => {
    const message = readMessage(await bodyOf(c));
    return c.json({ id: belongings.addMessage(knownUser(c.req.param('name')), message) }, 201);
  });
  app.put('/users/:name/messages/:id', async (c) => {
    const message = readMessage(await bodyOf(c));
    return shelfOf(c, 'inbox').change(c.req.param('id'), message) ? c.body(null, 204) : notThere(c);
  });
  app.delete('/users/:name/messages/:id', (c) =>
    shelfOf(c, 'inbox').remove(c.req.param('id')) ? c.body(null, 204) : notThere(c),
  );

  app.delete('/users/:name/delta-links', (c) => {
    belongings.expireLinks(knownUser(c.req.param('name')));
    return c.body(null, 204);
  });
  return app;
}

function readMessage(input: unknown): { isRead?: boolean } {
  const [[, isRead] = []] = readFields('message', input, ['isRead']);
  if (isRead === undefined) return {};
  if (typeof isRead !== 'boolean') throw new InputError('message: "isRead" must be true or false');
  return { isRead };
}
