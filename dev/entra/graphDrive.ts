/**
 * The files in the root of a person's drive (https://learn.microsoft.com/graph/api/driveitem-list-children), and what
 * changes among them (https://learn.microsoft.com/graph/api/driveitem-delta).
 */
import { type Context, Hono } from 'hono';
import type { DriveItem } from './belongings.ts';
import { type DeltaState, openDelta, pageOf, sealDelta } from './deltaQuery.ts';
import type { DemoUser } from './directory.ts';
import { GraphError, graphIds } from './entraError.ts';
import { admitToGraph } from './graphCaller.ts';
import { selected } from './graphSelect.ts';
import type { EntraEnv } from './journal.ts';
import type { Shelf, Shelved } from './shelf.ts';
import type { StandIn } from './standIn.ts';

const NEEDED = { permissions: ['Files.Read', 'Files.ReadWrite'], refusal: 'accessDenied' };
const PATH = '/v1.0/me/drive/root/delta';
const PAGE_SIZE = 200;
/** Facets are there or not: what an item lacks of these is no fault of the request. */
const FACETS: readonly string[] = ['file', 'folder', 'root', 'deleted'];
const ROOT = { id: '01ROOT', name: 'root', size: 0, root: {}, folder: {} };

export function driveEndpoints(standIn: StandIn): Hono<EntraEnv> {
  const { origin, journal, belongings } = standIn;
  const app = new Hono<EntraEnv>();

  async function driveOf(
    c: Context<EntraEnv>,
  ): Promise<{ user: DemoUser; drive: Shelf<DriveItem> } | Response> {
    const identity = await admitToGraph(standIn, c, NEEDED);
    if (identity instanceof Response) return identity;
    const { user } = identity;
    const { drive } = belongings.of(user);
    // Graph answers so for a person without a licence for OneDrive.
    if (drive === undefined) throw new GraphError(404, 'ResourceNotFound', "User's mysite not found.");
    return { user, drive };
  }

  app.get('/v1.0/me/drive/root/children', journal.record('graph'), async (c) => {
    const theirs = await driveOf(c);
    if (theirs instanceof Response) return theirs;
    const names = c.req.query('$select')?.split(',');
    const body = {
      '@odata.context': `${origin}/v1.0/$metadata#Collection(driveItem)`,
      value: theirs.drive.there().map((item) => shown(resourceOf(item), names)),
    };
    return c.json(body, 200, graphIds(c));
  });

  app.get(PATH, journal.record('graph'), async (c) => {
    const theirs = await driveOf(c);
    if (theirs instanceof Response) return theirs;
    const { user, drive } = theirs;
    const link = async (state: DeltaState) =>
      `${origin}${PATH}?token=${await sealDelta(standIn, user, 'drive', state)}`;
    const token = c.req.query('token');
    const isFirst = token === undefined || token === 'latest';
    const state = isFirst ? firstState(c, token, drive) : await openDelta(standIn, user, 'drive', token);
    if (state === 'malformed') {
      throw new GraphError(400, 'invalidRequest', 'Provided sync token is malformed');
    }
    if (state === 'gone') {
      // The link leads to an enumeration of everything.
      throw new GraphError(410, 'resyncChangesApplyDifferences', 'Resync required.', {
        Location: await link({ position: 0, enumerates: true }),
      });
    }
    const size = Math.min(state.top ?? PAGE_SIZE, belongings.settings.pageSize ?? PAGE_SIZE);
    const changed = drive.changedAfter(state.position);
    // What was deleted before the first request is not told.
    const told = state.enumerates ? changed.filter(({ isRemoved }) => !isRemoved) : changed;
    const { entries, position, isLast } = pageOf(told, size, drive.latest());
    // A folder changes with what is in it. It comes on every page, beyond its size.
    const items = entries.length === 0 ? [] : [ROOT, ...entries.map(changeOf)];
    const body = {
      '@odata.context': `${origin}/v1.0/$metadata#Collection(driveItem)`,
      [isLast ? '@odata.deltaLink' : '@odata.nextLink']: await link({
        ...state,
        position,
        enumerates: state.enumerates && !isLast,
      }),
      value: items.map((item) => shown(item, state.select)),
    };
    return c.json(body, 200, graphIds(c));
  });
  return app;
}

function firstState(c: Context, token: string | undefined, drive: Shelf<DriveItem>): DeltaState {
  const [select, top] = [c.req.query('$select')?.split(','), c.req.query('$top')];
  if (top !== undefined && !/^[1-9]\d{0,3}$/.test(top)) {
    throw new GraphError(400, 'invalidRequest', 'Invalid value for $top.');
  }
  // Graph refuses an unknown property even if there is nothing to tell.
  if (select) shown(ROOT, select);
  return {
    position: token === 'latest' ? drive.latest() : 0,
    enumerates: token !== 'latest',
    ...(select && { select }),
    ...(top && { top: Number(top) }),
  };
}

const resourceOf = ({ isFolder, ...item }: DriveItem) => ({
  ...item,
  ...(isFolder ? { folder: {} } : { file: {} }),
});

/** OneDrive tells of a deleted item what it was, and not what it was called. */
function changeOf({ thing, isRemoved }: Shelved<DriveItem>): Record<string, unknown> {
  if (!isRemoved) return resourceOf(thing);
  const { name: _name, ...gone } = resourceOf(thing);
  return { ...gone, size: 0, deleted: { state: 'deleted' } };
}

const shown = (item: Record<string, unknown>, names: readonly string[] | undefined): object =>
  names === undefined
    ? item
    : selected(
        'driveItem',
        item,
        names.filter((name) => !(FACETS.includes(name) || name === 'name') || name in item),
      );
