/**
 * `GET /v1.0/me` of Microsoft Graph (https://learn.microsoft.com/graph/api/user-get), the photo of that person
 * (https://learn.microsoft.com/graph/api/profilephoto-get), and the files in the root of their drive
 * (https://learn.microsoft.com/graph/api/driveitem-list-children).
 */
import { type Context, Hono } from 'hono';
import { errors } from 'jose';
import { GRAPH_APP_ID, type Identity } from './directory.ts';
import { GraphError, graphIds } from './entraError.ts';
import { signInOf } from './issueTokens.ts';
import type { EntraEnv } from './journal.ts';
import { drawPhoto } from './photo.ts';
import { issuerOf, type StandIn } from './standIn.ts';

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
  const { origin, journal, faults } = standIn;
  const app = new Hono<EntraEnv>();

  /** The person of the request, or the response of a fault that hits it. */
  async function admit(c: Context<EntraEnv>, permission = 'User.Read'): Promise<Identity | Response> {
    const { identity, client, permissions, policies } = await verifyGraphToken(
      standIn,
      c.req.header('authorization'),
    );
    Object.assign(c.get('entry'), { user: identity.user.name, client });
    const answer = await faults.meet(c, 'graph', identity, policies);
    if (answer) return answer;
    if (!permissions.includes(permission)) {
      throw new GraphError(
        403,
        'Authorization_RequestDenied',
        `The token lacks the permission ${permission}.`,
      );
    }
    return identity;
  }

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

  app.get('/v1.0/me/drive/root/children', journal.record('graph'), async (c) => {
    const identity = await admit(c, 'Files.Read');
    if (identity instanceof Response) return identity;
    const { drive } = identity.user;
    // Graph answers so for a person without a licence for OneDrive.
    if (drive === undefined) throw new GraphError(404, 'ResourceNotFound', "User's mysite not found.");
    const items: Record<string, unknown>[] = drive.map((item) => ({ ...item, file: {} }));
    const names = c.req.query('$select')?.split(',');
    const body = {
      '@odata.context': `${origin}/v1.0/$metadata#Collection(driveItem)`,
      value: items.map((item) => (names === undefined ? item : selected('driveItem', item, names))),
    };
    return c.json(body, 200, graphIds(c));
  });
  return app;
}

/** @throws GraphError 400 for a property that there is not */
function selected(what: string, all: Record<string, unknown>, names: readonly string[]): object {
  const unknown = names.find((name) => !Object.hasOwn(all, name));
  if (unknown !== undefined) {
    throw new GraphError(400, 'BadRequest', `A ${what} has no property '${unknown}'.`);
  }
  return Object.fromEntries(names.map((name) => [name, all[name]]));
}

async function verifyGraphToken(standIn: StandIn, authorization: string | undefined) {
  const refuse = (message: string) => {
    const challenge = `Bearer realm="", authorization_uri="${standIn.origin}/common/oauth2/v2.0/authorize", client_id="${GRAPH_APP_ID}"`;
    return new GraphError(401, 'InvalidAuthenticationToken', message, { 'WWW-Authenticate': challenge });
  };
  const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  if (token === undefined) throw refuse('There is no access token.');
  const claims = await standIn.keys.verify(token, GRAPH_APP_ID).catch((error: unknown) => {
    if (error instanceof errors.JWTExpired) throw refuse('The access token has expired.');
    if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'aud') {
      throw refuse('The access token is for another audience.');
    }
    throw refuse('The access token is not valid.');
  });
  const identity = standIn.people.identityOf(claims.tid, claims.oid);
  if (!identity || claims.iss !== issuerOf(standIn, identity.tid))
    throw refuse('The access token is not valid.');
  return {
    identity,
    client: String(claims.azp),
    permissions: String(claims.scp ?? '').split(' '),
    policies: signInOf({ policies: claims.polids }).policies,
  };
}
