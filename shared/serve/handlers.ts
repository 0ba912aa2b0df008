import {
  type Answer,
  alive,
  answered,
  type IncomingRequest,
  type Reply,
  type RequestContext,
  readAccessToken,
  readinessAnswer,
  readRequest,
  readRunTicket,
} from '../http.ts';
import { answeredInBrowser, expectNavigation, withResult } from '../httpBrowser.ts';
import { linkCookie } from '../linkCookie.ts';
import type { UserFunction } from '../requests/defineFunction.ts';
import type { Stead } from '../stead.ts';
import { readJsonBody } from './readJsonBody.ts';
import { readLinkBody } from './readLinkBody.ts';

/** Answers one request. It never rejects. */
export type Handler = (request: IncomingRequest, context: RequestContext) => Promise<Reply>;

export type Handlers = ReturnType<typeof createHandlers>;

/** Hands the parts of a run over, which was begun by the invocation with this context. */
export type HandOverIn = (context: RequestContext, parts: RunParts) => void;

export type RunParts = Parameters<NonNullable<Parameters<Stead['worker']['run']>[2]>>[0];

/**
 * What the application serves over HTTP, for any server (`docs/http.md`).
 * @param handOver undefined if no run is split
 */
export function createHandlers(stead: Stead, handOver?: HandOverIn) {
  const { connection, worker, readiness, services } = stead;
  const { clock } = services;

  return {
    /**
     * Serves a function: every request is answered as the caller whom its access token names.
     * @throws {TypeError} it cannot be a result of `defineFunction`, or another function has the same name.
     */
    asUser(fn: UserFunction): Handler {
      stead.claimName(fn);
      return (request, context) =>
        answered(context, clock, async (operation) => {
          const accessToken = readAccessToken(request.headers);
          const { result, ...facts } = await stead.asUser(operation, accessToken, fn, readRequest(request));
          return { ...(await contentOf(result)), facts };
        });
    },

    /** `GET`, `PUT` and `DELETE`: the caller's own connection. Other methods are for the server to refuse. */
    connection: ((request, context) =>
      answered(context, clock, async (operation) => {
        const accessToken = readAccessToken(request.headers);
        if (request.method === 'DELETE') {
          return { facts: await connection.disconnect(operation, accessToken) };
        }
        const { connection: body, user } =
          request.method === 'PUT'
            ? await connection.change(operation, accessToken, () => readJsonBody(request))
            : await connection.status(operation, accessToken);
        return { body, facts: { user } };
      })) satisfies Handler,

    /** `POST`: gives the caller a ticket for a link. `GET`: sends the browser that has the ticket to Entra. */
    link: ((request, context) =>
      request.method === 'POST'
        ? answered(context, clock, async (operation) => {
            const accessToken = readAccessToken(request.headers);
            const read = () => readLinkBody(request);
            const { ticket, user } = await connection.askForLink(operation, accessToken, read);
            return { body: ticket, facts: { user } };
          })
        : answeredInBrowser(context, clock, async () => {
            expectNavigation(request);
            const opened = await connection.openLink(request.query.get('ticket') ?? '');
            const { user } = opened;
            if ('result' in opened) {
              return { location: withResult(opened.returnUrl, opened.result), user, result: opened.result };
            }
            const cookie = linkCookie(services.link).set(opened.cookie);
            return { location: opened.signInUrl, cookie, user };
          })) satisfies Handler,

    /** `GET`: takes Entra's answer from the browser, and sends the browser to its page. */
    linkCallback: ((request, context) =>
      answeredInBrowser(context, clock, async (operation) => {
        expectNavigation(request);
        const cookie = linkCookie(services.link);
        const { returnUrl, result, user } = await connection.finishLink(
          operation,
          request.query,
          cookie.in(request.headers),
        );
        return { location: withResult(returnUrl, result), cookie: cookie.removed, user, result };
      })) satisfies Handler,

    /** `GET`: says that this process answers. It does no I/O, gives no details and needs no access token. */
    health: (async () => alive()) satisfies Handler,

    /** `GET`: says whether storage and the credential can be used. It needs no access token. */
    ready: ((_request, context) =>
      answered(context, clock, async (operation) =>
        readinessAnswer(await readiness(operation)),
      )) satisfies Handler,

    /**
     * `POST`: does one run of the worker for an application that has the role, or for a visit, if no run began within the last
     * minute. The answer comes when the run is over, because what a function logs after its answer may be lost.
     */
    runWorker: ((request, context) =>
      answered(context, clock, async (operation) => {
        const ticket = readRunTicket(request.headers);
        const permit = ticket === undefined ? { accessToken: readAccessToken(request.headers) } : { ticket };
        const body = await worker.wake(
          operation,
          permit,
          undefined,
          handOver && ((parts) => handOver(context, parts)),
        );
        return { body, facts: {} };
      })) satisfies Handler,
  };
}

async function contentOf(result: unknown): Promise<Omit<Answer, 'facts'>> {
  if (!(result instanceof Blob)) return { body: result };
  return { bytes: { type: result.type, data: new Uint8Array(await result.arrayBuffer()) } };
}
