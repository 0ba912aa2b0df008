/**
 * `GET /v1.0/me` of Microsoft Graph (https://learn.microsoft.com/graph/api/user-get), and the photo of that person
 * (https://learn.microsoft.com/graph/api/profilephoto-get).
 */
import { type Context, Hono } from 'hono';
import type { Identity } from './directory.ts';
import { GraphError, graphIds } from './entraError.ts';
import { admitToGraph } from './graphCaller.ts';
import { selected } from './graphSelect.ts';
import type { EntraEnv } from './journal.ts';
import { drawPhoto } from './photo.ts';
import type { StandIn } from './standIn.ts';

const NEEDED = { permissions: ['User.Read'], refusal: 'Authorization_RequestDenied' };
const DEFAULT_PROPERTIES = [
  'businessPhones',
  'displayName',
  'givenName',
  'jobTitle',
  'mail',
  'mobilePhone',
  'officeLocation',
  'preferredLanguage',
  'surname',
  'userPrincipalName',
  'id',
];

/** Width and height in pixels of the squares that Graph keeps. */
const PHOTO_SIZES = [48, 64, 96, 120, 240, 360, 432, 504, 648];
const LARGEST_PHOTO = 648;
/** In the directory a photo has the size of its upload. */
const UPLOADED_PHOTO = 50;

const userResource = ({ user, oid }: Identity): Record<string, unknown> => ({
  id: oid,
  displayName: user.displayName,
  businessPhones: [],
  accountEnabled: true,
  ...user.profile,
});

export function graphEndpoints(standIn: StandIn): Hono<EntraEnv> {
  const { origin, journal } = standIn;
  const app = new Hono<EntraEnv>();

  const admit = (c: Context<EntraEnv>) => admitToGraph(standIn, c, NEEDED);

  async function photo(c: Context<EntraEnv>, size: number | 'largest' | undefined) {
    const identity = await admit(c);
    if (identity instanceof Response) return identity;
    const { photo: answer } = identity.user;
    switch (answer) {
      case 'no-mailbox':
        throw new GraphError(400, 'AuthenticationError', 'Error authenticating with resource');
      case 'guest':
        throw new GraphError(401, 'UnknownError', '');
      case 'one-size':
      case 'every-size':
      case undefined:
        break;
      default:
        answer satisfies never;
    }
    const known = size === 'largest' || (answer === 'every-size' && size !== undefined);
    if (answer === undefined || !known) {
      throw new GraphError(404, 'ImageNotFound', 'There is no such photo of this user.');
    }
    const pixels = size !== 'largest' ? size : answer === 'one-size' ? UPLOADED_PHOTO : LARGEST_PHOTO;
    return c.body(drawPhoto(pixels), 200, { 'Content-Type': 'image/png', ...graphIds(c) });
  }

  app.get('/v1.0/me/photo/$value', journal.record('graph'), (c) => photo(c, 'largest'));
  app.get('/v1.0/me/photos/:size/$value', journal.record('graph'), (c) =>
    photo(
      c,
      PHOTO_SIZES.find((size) => c.req.param('size') === `${size}x${size}`),
    ),
  );

  app.get('/v1.0/me', journal.record('graph'), async (c) => {
    const identity = await admit(c);
    if (identity instanceof Response) return identity;
    const all = userResource(identity);
    const select = c.req.query('$select');
    const names = select === undefined ? DEFAULT_PROPERTIES : select.split(',').map((name) => name.trim());
    const entity = select === undefined ? 'users' : `users(${names.join(',')})`;
    const body = {
      '@odata.context': `${origin}/v1.0/$metadata#${entity}/$entity`,
      ...selected('user', all, names),
    };
    return c.json(body, 200, graphIds(c));
  });

  return app;
}
