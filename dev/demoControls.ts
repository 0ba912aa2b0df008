/** The routes of the page's demo controls. They are on the page's own origin, so that no other origin has to allow the page. */
import { Hono } from 'hono';
import { CONTROLS, type Control } from './demoPerson.ts';
import { type Language, SAYS } from './demoSays.ts';
import type { DemoUser } from './entra/directory.ts';

export type DemoControls = {
  people: readonly DemoUser[];
  /** Does what a control says, and resolves to what was done, for the person. */
  press(user: DemoUser, control: Control, language: Language): Promise<string>;
};

/** `POST /dev/users/NAME/CONTROL` with `{ language }` answers `{ says }`; 502 `{ says }` if a part of the platform does not answer or refuses. */
export function demoControls({ people, press }: DemoControls): Hono {
  const app = new Hono();

  // A foreign name that resolves to loopback (DNS rebinding) would make any site same-origin with this page.
  app.use(async (c, next) => {
    if (!/^(?:localhost|127\.0\.0\.1)(?::\d+)?$/.test(c.req.header('host') ?? '')) {
      return c.text('The demo controls answer to loopback names only.', 421);
    }
    return next();
  });
  // Any web page can send a form or plain text here. For JSON its browser asks with a preflight, which is never
  // allowed.
  app.on(['POST'], '*', async (c, next) => {
    if (!/^application\/json\s*(?:;|$)/i.test(c.req.header('content-type') ?? '')) {
      return c.text('Send JSON: content-type: application/json', 415);
    }
    return next();
  });

  app.post('/users/:name/:control', async (c) => {
    const user = people.find(({ name }) => name === c.req.param('name'));
    const control = CONTROLS.find((name) => name === c.req.param('control'));
    if (user === undefined || control === undefined) return c.notFound();
    c.header('Cache-Control', 'no-store');
    const { language } = await c.req.json<{ language?: unknown }>();
    const known: Language = language === 'de' ? 'de' : 'en';
    try {
      return c.json({ says: await press(user, control, known) });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return c.json({ says: SAYS[known].didNotWork(why) }, 502);
    }
  });
  return app;
}
