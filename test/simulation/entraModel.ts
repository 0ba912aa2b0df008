import type { UserId } from '../../shared/userId.ts';
import { LateEffect, type ProcessLife, type World } from './world.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** What is true of a user at Entra, and what ever was: an invariant asks whether there was a reason. */
export type Person = {
  name: string;
  userId: UserId;
  tid: string;
  oid: string;
  consented: boolean;
  /** Refresh tokens that were issued before are no longer good. */
  revokedAt: number;
  /** Graph wants a sign-in that is not older. */
  challengedAt: number;
  /** What ever happened to the user that the worker may hold against them, or that makes it wait. */
  ever: Set<
    | 'revoked'
    | 'consent'
    | 'challenged'
    | 'refresh-token-over'
    | 'throttled-token'
    | 'throttled-graph'
    | 'cache-damaged'
  >;
};

/** How Entra behaves in one history. */
export type EntraRules = {
  refreshTokenMs: number;
  /** False if a new refresh token keeps the end of the one that it replaces, as those of a single-page app do. */
  slides: boolean;
  /** Whether an answer says when the refresh token ends. */
  tellsEnd: boolean;
  /** False if exchanges bring no id_token. */
  idToken: boolean;
  accessTokenMs: number;
};

type Token = {
  kind: 'access' | 'refresh';
  person: Person;
  ends: number;
  issued: number;
  signedInAt: number;
  /** Of a refresh token: how it was got, and from which one. */
  origin: 'request' | 'worker';
  parent?: string;
};

/** A throttle or an outage, until a time. */
export type Trouble = {
  at: 'token' | 'graph';
  /** One person, or everybody of their tenant. */
  of: Person;
  whole: 'person' | 'tenant';
  kind: 'throttled' | 'throttled-silently' | 'loop' | 'outage' | 'html';
  until: number;
};

export type TokenPost = {
  by: ProcessLife;
  person: Person;
  grant: 'exchange' | 'refresh';
  correlationId: string | undefined;
};

/** Who is told of what the token endpoint meets. */
type EntraWatch = {
  onPost: (post: TokenPost) => void;
  onRefreshTokenOver: (person: Person, endedAt: number) => void;
};

const AUTHORITY = 'https://login.microsoftonline.com/';
const GRAPH = 'https://graph.microsoft.com/';

/** The caller's access token for the API. It can be read by everybody; the simulation has no signatures. */
export const assertionOf = (person: Person, signedInAt: number, endsAt: number): string =>
  `assertion.${JSON.stringify({ oid: person.oid, tid: person.tid, signedInAt, endsAt })}`;

export const readAssertion = (text: string) =>
  JSON.parse(text.slice('assertion.'.length)) as {
    oid: string;
    tid: string;
    signedInAt: number;
    endsAt: number;
  };

export type EntraModel = ReturnType<typeof createEntraModel>;

/** The token endpoint and Graph, behind the `fetch` that each process is given. */
export function createEntraModel(
  world: World,
  people: readonly Person[],
  rules: EntraRules,
  { onPost, onRefreshTokenOver }: EntraWatch,
) {
  const tokens = new Map<string, Token>();
  let issued = 0;
  const troubles: Trouble[] = [];

  const personOf = (oid: string): Person => {
    const person = people.find((one) => one.oid === oid);
    if (person === undefined) throw new TypeError('The model was asked for somebody who does not exist.');
    return person;
  };

  function issue(token: Token): string {
    issued += 1;
    const text = `${token.kind}.${token.person.name}.${issued}`;
    tokens.set(text, token);
    return text;
  }

  function answerTokens(
    person: Person,
    signedInAt: number,
    origin: Token['origin'],
    parent?: string,
  ): Response {
    const now = world.now();
    const parentToken = parent === undefined ? undefined : tokens.get(parent);
    const ends = rules.slides
      ? now + rules.refreshTokenMs
      : (parentToken?.ends ?? signedInAt + rules.refreshTokenMs);
    const common = { person, signedInAt, issued: now, origin };
    const access = issue({ ...common, kind: 'access', ends: now + rules.accessTokenMs });
    const refresh = issue({ ...common, kind: 'refresh', ends, ...(parent !== undefined && { parent }) });
    const seconds = Math.floor(rules.accessTokenMs / SECOND);
    return json(200, {
      token_type: 'Bearer',
      scope: 'User.Read openid profile offline_access',
      expires_in: seconds,
      ext_expires_in: seconds,
      access_token: access,
      refresh_token: refresh,
      ...(rules.tellsEnd && { refresh_token_expires_in: Math.floor((ends - now) / SECOND) }),
      ...(rules.idToken && { id_token: idTokenOf(person, now) }),
      client_info: base64({ uid: person.oid, utid: person.tid }),
    });
  }

  function refused(number: number, error = 'invalid_grant', suberror?: string): Response {
    return json(400, { error, error_codes: [number], ...(suberror && { suberror }) });
  }

  /** What the token endpoint does with a request that has reached it. */
  function tokenAnswer(by: ProcessLife, url: string, init: RequestInit): Response {
    const form = new URLSearchParams(String(init.body));
    const correlationId = form.get('client-request-id') ?? undefined;
    const assertion = form.get('assertion');
    const presented = form.get('refresh_token') ?? '';
    const claimed = assertion === null ? undefined : readAssertion(assertion);
    const token = tokens.get(presented);
    if (claimed === undefined && token === undefined) return refused(9002313);
    const person = claimed === undefined ? (token as Token).person : personOf(claimed.oid);
    onPost({ by, person, grant: claimed === undefined ? 'refresh' : 'exchange', correlationId });
    if (!url.startsWith(`${AUTHORITY}${person.tid}/`)) return refused(50020);
    const trouble = troubled('token', person);
    if (trouble !== undefined) return trouble;
    if (!person.consented) return refused(65001, 'invalid_grant', 'consent_required');
    if (claimed !== undefined) {
      if (claimed.endsAt <= world.now()) return refused(500133);
      if (claimed.signedInAt < person.revokedAt) return refused(50173);
      return answerTokens(person, claimed.signedInAt, 'request');
    }
    const { ends, issued: at, signedInAt } = token as Token;
    if (at <= person.revokedAt) return refused(50173);
    if (ends <= world.now()) {
      // The end of a token that does not slide is fixed: only the user can get another one.
      if (rules.slides) onRefreshTokenOver(person, ends);
      else person.ever.add('refresh-token-over');
      return refused(rules.slides ? 700082 : 700084);
    }
    return answerTokens(person, signedInAt, 'worker', presented);
  }

  function graphAnswer(init: RequestInit): Response {
    const token = tokens.get(bearerOf(init));
    if (token === undefined || token.kind !== 'access' || token.ends <= world.now()) {
      return json(401, { error: { code: 'InvalidAuthenticationToken', message: '' } });
    }
    const trouble = troubled('graph', token.person);
    if (trouble !== undefined) return trouble;
    const { person } = token;
    if (token.signedInAt < person.challengedAt) {
      const claims = base64({
        access_token: { nbf: { essential: true, value: String(person.challengedAt) } },
      });
      const response = json(401, { error: { code: 'InvalidAuthenticationToken', message: '' } });
      response.headers.set(
        'www-authenticate',
        `Bearer realm="", error="insufficient_claims", claims="${claims}"`,
      );
      return response;
    }
    return json(200, { id: person.oid, displayName: person.name });
  }

  function troubled(at: Trouble['at'], person: Person): Response | undefined {
    const now = world.now();
    const trouble = troubles.find(
      ({ at: place, until, of, whole }) =>
        place === at && now < until && (whole === 'tenant' ? of.tid === person.tid : of === person),
    );
    if (trouble === undefined) return undefined;
    const left = Math.ceil((trouble.until - now) / SECOND);
    switch (trouble.kind) {
      case 'throttled':
      case 'throttled-silently': {
        const response = json(429, { error: 'throttled' });
        if (trouble.kind === 'throttled') response.headers.set('retry-after', String(left));
        if (trouble.whole === 'tenant') response.headers.set('x-ms-throttle-scope', 'Tenant/ReadWrite/a/b');
        return response;
      }
      case 'loop':
        return at === 'token' ? refused(50196) : json(429, { error: 'throttled' });
      case 'outage':
        return json(503, { error: 'temporarily_unavailable' });
      case 'html':
        return new Response('<html>Bad gateway</html>', { status: 502 });
      default:
        return trouble.kind satisfies never;
    }
  }

  const networkError = () => Object.assign(new TypeError('fetch failed'), { cause: coded('ECONNREFUSED') });

  function send(
    by: ProcessLife,
    input: Parameters<typeof fetch>[0],
    init: RequestInit = {},
  ): Promise<Response> {
    const url = String(input);
    const isToken = url.startsWith(AUTHORITY);
    if (!isToken && !url.startsWith(GRAPH)) throw new TypeError(`Nothing in this simulation is at ${url}`);
    return world.ask(by, {
      what: () =>
        isToken ? `token endpoint: ${whatOf(init, personOf)}` : `graph: read /me with ${bearerOf(init)}`,
      effect: () => (isToken ? tokenAnswer(by, url, init) : graphAnswer(init)),
      changes: isToken,
      faults: {
        unavailable: () => json(503, { error: 'temporarily_unavailable' }),
        lost(effect) {
          effect();
          throw networkError();
        },
        reset() {
          throw Object.assign(new TypeError('fetch failed'), { cause: coded('ECONNRESET') });
        },
        late() {
          throw new LateEffect(networkError());
        },
        html: () => new Response('<html>Bad gateway</html>', { status: 502 }),
      },
      aborted: () => init.signal?.reason,
      signal: init.signal ?? undefined,
    });
  }

  return {
    troubles,
    token: (text: string) => tokens.get(text),
    fetchOf:
      (by: ProcessLife): typeof fetch =>
      (input, init) =>
        send(by, input, init),
    rules,
  };
}

/** Which grant a request is, and whose. */
function whatOf(init: RequestInit, personOf: (oid: string) => Person): string {
  const form = new URLSearchParams(String(init.body));
  const assertion = form.get('assertion');
  if (assertion === null) return `trade ${form.get('refresh_token')}`;
  return `exchange for ${personOf(readAssertion(assertion).oid).name}`;
}

const bearerOf = (init: RequestInit): string =>
  new Headers(init.headers).get('authorization')?.slice('Bearer '.length) ?? '';

function json(status: number, body: object): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });
}

const coded = (code: string): Error => Object.assign(new Error(code), { code });
const base64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function idTokenOf({ tid, oid, name }: Person, now: number): string {
  const at = Math.floor(now / SECOND);
  const claims = {
    iss: `${AUTHORITY}${tid}/v2.0`,
    tid,
    oid,
    sub: oid,
    name,
    ver: '2.0',
    iat: at,
    exp: at + 3_600,
  };
  return `${base64({ alg: 'RS256' })}.${base64({ ...claims, preferred_username: name })}.unsigned`;
}

export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
