import type { BoundApi } from '../api.ts';
import { isRecord } from '../isRecord.ts';

/** One thing that is new, changed or gone, as Graph tells it. */
export type DeltaEntry = Readonly<Record<string, unknown>> & { readonly id: string };

/** What one run has read. */
export type Delta = {
  /** The newest entry of each id. */
  entries: DeltaEntry[];
  /** Where the next run goes on: Graph's delta link, or the link of the next page. */
  link: string;
  /** False if there are more pages than one run reads, or reads in time. */
  isComplete: boolean;
  /** True if there was no link to go on from, or if it is lost. What happened before `start` is then not told. */
  isAnew: boolean;
  /** When Graph gave the first answer, by Graph's own clock. */
  began: Date;
};

export type DeltaOptions = {
  /** The link that the last run kept. */
  link: string | undefined;
  /** The path of the first request, if there is no link, or if Graph does not know it any more. */
  start(): Promise<string> | string;
  headers?: Readonly<Record<string, string>>;
};

/** Graph refused a request. */
export class GraphRefusedError extends Error {
  override readonly name: string;
  readonly statusCode: number;

  /** @param name what history and logs call it */
  constructor(statusCode: number, name = 'GraphRefused') {
    super(`Graph answered ${statusCode}.`);
    this.name = name;
    this.statusCode = statusCode;
  }
}

/** What Graph answered is no page of a delta query. */
export class DeltaMalformedError extends Error {
  override readonly name = 'DeltaMalformed';
}

/** Graph's answer links to another service, which must not get the token. */
export class ForeignLinkError extends Error {
  override readonly name = 'ForeignLink';
}

/**
 * How many pages one run reads. The state is kept only if the run ends in time, so a run must not try to read everything: it
 * might then never get any further.
 */
export const MAX_PAGES = 5;
/**
 * After this time no further page is read, so that a Graph that is slow does not use up the time of a task for every run, and
 * the same pages again in the next. The last answer may take ten seconds more.
 */
const READ_FOR_MS = 8_000;

/**
 * The answers that say that Graph does not know a link any more. It is 410 as a rule
 * (https://learn.microsoft.com/graph/delta-query-overview#synchronization-reset), and for Outlook another one of 40x, too.
 * A path that is wrong in itself is refused again when the query begins anew.
 */
const LINK_IS_LOST: ReadonlySet<number> = new Set([400, 404, 410]);

/**
 * Reads what changed since the last run (https://learn.microsoft.com/graph/delta-query-overview). If the link is lost, it
 * begins anew at `start`. It does not follow the `Location` of a 410, which would enumerate everything.
 * @throws {GraphRefusedError} Graph refuses the query.
 * @throws {ForeignLinkError} Graph's answer links to another service.
 * @throws {DeltaMalformedError} Graph's answer is no page of a delta query.
 */
export async function followDelta(api: BoundApi, options: DeltaOptions): Promise<Delta> {
  const { link, start, headers = {} } = options;
  // A stored link is foreign only if the address of Graph was changed since.
  if (link !== undefined && isOwnLink(api, link)) {
    try {
      return { ...(await walk(api, link, headers)), isAnew: false };
    } catch (error) {
      if (!(error instanceof GraphRefusedError && LINK_IS_LOST.has(error.statusCode))) throw error;
    }
  }
  return { ...(await walk(api, await start(), headers)), isAnew: true };
}

/** The time of an answer by the server's own clock. */
export function serverTimeOf({ headers }: Response): Date {
  const time = new Date(headers.get('date') ?? Number.NaN);
  if (Number.isNaN(time.getTime()))
    throw new DeltaMalformedError('The answer does not say when it was given.');
  return time;
}

/** @throws {GraphRefusedError} the answer is none with 200 to 299. */
export async function accepted(response: Response): Promise<Response> {
  if (response.ok) return response;
  // Its text is not needed, and it may be large.
  await response.body?.cancel();
  throw new GraphRefusedError(response.status);
}

async function walk(
  api: BoundApi,
  from: string,
  headers: Readonly<Record<string, string>>,
): Promise<Omit<Delta, 'isAnew'>> {
  const entries = new Map<string, DeltaEntry>();
  let began: Date | undefined;
  let at = from;
  for (let pages = 1; ; pages += 1) {
    const response = await accepted(await api.fetch(at, { headers }));
    began ??= serverTimeOf(response);
    const page = await readPage(api, response);
    for (const entry of page.entries) entries.set(entry.id, entry);
    const { link, isLast } = page;
    if (isLast || pages === MAX_PAGES || isTimeOver(response, began)) {
      return { entries: [...entries.values()], link, isComplete: isLast, began };
    }
    // It would be read, and counted, for ever.
    if (link === at) throw new DeltaMalformedError('A page names itself as the next one.');
    at = link;
  }
}

/** By the server's clock, as `began` is. An answer that does not say when it was given does not end the run. */
const isTimeOver = ({ headers }: Response, began: Date): boolean =>
  new Date(headers.get('date') ?? Number.NaN).getTime() - began.getTime() >= READ_FOR_MS;

async function readPage(
  api: BoundApi,
  response: Response,
): Promise<{ entries: DeltaEntry[]; link: string; isLast: boolean }> {
  const body = await jsonOf(response);
  const { value, '@odata.nextLink': next, '@odata.deltaLink': last } = isRecord(body) ? body : {};
  const link = next ?? last;
  if (!Array.isArray(value) || !value.every(isEntry) || typeof link !== 'string') {
    throw new DeltaMalformedError('The answer has no entries, or no link.');
  }
  if (!isOwnLink(api, link)) throw new ForeignLinkError(`A link leads away from ${api.baseUrl}.`);
  return { entries: value, link, isLast: next === undefined };
}

/** @returns undefined if it is not JSON. */
async function jsonOf(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch (error) {
    // Any other error says that the answer broke off, or did not end in time.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const isEntry = (value: unknown): value is DeltaEntry => isRecord(value) && typeof value.id === 'string';

function isOwnLink({ baseUrl }: BoundApi, link: string): boolean {
  if (!URL.canParse(link)) return false;
  const { origin, username, password } = new URL(link);
  return origin === new URL(baseUrl).origin && username + password === '';
}
