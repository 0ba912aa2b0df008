import { readAssertion } from './assertion.ts';
import { DAY } from './durations.ts';
import { createCodes } from './entraCodes.ts';
import {
  type ApiName,
  type Blameless,
  type EntraRules,
  type EntraWatch,
  isOneOf,
  type Person,
  type Policy,
  type Reason,
  type Token,
  type Trouble,
} from './entraTypes.ts';
import { NOTES } from './notesApi.ts';
import { LateEffect, type ProcessLife, type World } from './world.ts';

const SECOND = 1_000;

const AUTHORITY = 'https://login.microsoftonline.com/';
const GRAPH = 'https://graph.microsoft.com/';
/** Where an API is, and how the scopes of its permissions begin. */
const APIS: Readonly<Record<ApiName, { baseUrl: string; resource: string; permission: string }>> = {
  graph: { baseUrl: GRAPH, resource: GRAPH, permission: 'User.Read' },
  notes: { baseUrl: NOTES.baseUrl, resource: `${NOTES.resource}/`, permission: 'Notes.Read' },
};
const API_NAMES = ['graph', 'notes'] as const satisfies readonly ApiName[];

/** However short those of exchanges are, a refresh token of a web application is good for so long, and each use brings a new one. */
const CODE_GRANT_MS = 90 * DAY;
/** What Graph says of whose limit it is. */
const SCOPES: Readonly<Record<Trouble['whole'], string | undefined>> = {
  person: undefined,
  tenant: 'Tenant/ReadWrite/a/b',
  everybody: 'Application/ReadWrite/a/b',
};

/** What the token endpoint says that is nobody's fault who asks. */
const BLAMELESS: Readonly<Record<Blameless, [number | undefined, string]>> = {
  'own-credential': [7000215, 'invalid_client'],
  removed: [700016, 'unauthorized_client'],
  bare: [undefined, 'invalid_grant'],
};

/** What the token endpoint says of a policy: `AADSTS` number, `suberror`, claims. A sign-in may answer those with claims. */
const POLICIES: Readonly<Record<Policy, [number, string, string | undefined, string?]>> = {
  mfa: [50076, 'interaction_required', 'basic_action', '{"access_token":{"capolids":{"essential":true}}}'],
  blocked: [53003, 'access_denied', 'message_only'],
  unassigned: [50105, 'invalid_grant', undefined],
  frequency: [70043, 'invalid_grant', 'bad_token'],
};

export type EntraModel = ReturnType<typeof createEntraModel>;

/** The token endpoint and Graph, behind the `fetch` that each process is given. */
export function createEntraModel(
  world: World,
  people: readonly Person[],
  rules: EntraRules,
  watch: EntraWatch,
) {
  const { onPost, onRefusal, onThrottled, onTrouble, onBlameless, onPresented, onIssued } = watch;
  const tokens = new Map<string, Token>();
  const codes = createCodes(world, watch.onCodeSpentTwice);
  let issued = 0;
  const troubles: Trouble[] = [];

  const personOf = (oid: string): Person => {
    const person = people.find((one) => one.oid === oid);
    if (person === undefined) throw new TypeError('The model was asked for somebody who does not exist.');
    return person;
  };

  function issue(token: Token): string {
    issued += 1;
    const api = token.api === 'graph' ? '' : `.${token.api}`;
    const text = `${token.kind}.${token.person.name}${api}.${issued}`;
    tokens.set(text, token);
    return text;
  }

  function answerTokens(
    by: ProcessLife,
    api: ApiName,
    person: Person,
    { signedInAt, ...got }: Pick<Token, 'grant' | 'signedInAt' | 'origin' | 'parent' | 'assertion'>,
    nonce?: string,
  ): Response {
    const { grant, origin, parent } = got;
    const now = world.now();
    const parentToken = parent === undefined ? undefined : tokens.get(parent);
    const ofExchange = rules.slides
      ? now + rules.refreshTokenMs
      : (parentToken?.ends ?? signedInAt + rules.refreshTokenMs);
    const ends = grant === 'code' ? now + CODE_GRANT_MS : ofExchange;
    const mayRead = api !== 'graph' || !person.consentLacksScope;
    onIssued(person, api);
    if (!mayRead) onRefusal({ by, person, api, reason: 'lacks-scope', correlationId: undefined });
    const common = { person, api, grant, signedInAt, issued: now, skewMs: by.skewMs, origin, mayRead };
    const assertion = got.assertion === undefined ? {} : { assertion: got.assertion };
    const access = issue({ ...common, ...assertion, kind: 'access', ends: now + rules.accessTokenMs });
    const refresh = issue({
      ...common,
      api: 'graph',
      kind: 'refresh',
      ends,
      ...(parent !== undefined && { parent }),
    });
    const seconds = Math.floor(rules.accessTokenMs / SECOND);
    return json(200, {
      token_type: 'Bearer',
      ...(rules.scope !== 'none' && { scope: scopeOf(rules.scope, api, mayRead) }),
      expires_in: seconds,
      ext_expires_in: seconds,
      access_token: access,
      refresh_token: refresh,
      ...(rules.tellsEnd && { refresh_token_expires_in: Math.floor((ends - now) / SECOND) }),
      ...((rules.idToken || nonce !== undefined) && { id_token: idTokenOf(person, now, nonce) }),
      client_info: base64({ uid: person.oid, utid: person.tid }),
    });
  }

  function refused(
    number: number | undefined,
    error = 'invalid_grant',
    suberror?: string,
    claims?: string,
  ): Response {
    return json(400, {
      error,
      ...(number !== undefined && { error_codes: [number] }),
      ...(suberror && { suberror }),
      ...(claims && { claims }),
    });
  }

  /** What the token endpoint does with a request that has reached it. */
  function tokenAnswer(by: ProcessLife, url: string, init: RequestInit): Response {
    const form = new URLSearchParams(String(init.body));
    // MSAL sends it in the body of an exchange, and in the address of a renewal.
    const correlationId =
      form.get('client-request-id') ?? new URL(url).searchParams.get('client-request-id') ?? undefined;
    const assertion = form.get('assertion');
    const presented = form.get('refresh_token') ?? '';
    const claimed = assertion === null ? undefined : readAssertion(assertion);
    const token = tokens.get(presented);
    const code = codes.find(form.get('code'));
    if (claimed === undefined && token === undefined && code === undefined) return refused(9002313);
    const person = code?.person ?? (claimed === undefined ? (token as Token).person : personOf(claimed.oid));
    const scopes = form.get('scope')?.split(' ') ?? [];
    const api = API_NAMES.find((name) =>
      // One token holds all that was consented to, so Stead asks for nothing else. A code is for scopes by their names.
      code === undefined
        ? scopes.includes(`${APIS[name].resource}.default`)
        : scopes.some((scope) => scope.startsWith(APIS[name].resource)),
    );
    if (api === undefined) return refused(70011, 'invalid_scope');
    const grant = code !== undefined ? 'code' : claimed === undefined ? 'refresh' : 'exchange';
    const claims = form.get('claims') ?? undefined;
    onPost({
      ...{ by, person, grant, api, presented: token },
      ...{ assertion: assertion ?? undefined, claims, correlationId },
    });
    if (!url.startsWith(`${AUTHORITY}${person.tid}/`)) return refused(50020);
    const trouble = troubled(by, 'token', person);
    if (trouble !== undefined) return trouble;
    const refuse = (reason: Reason, ...answer: Parameters<typeof refused>) => {
      onRefusal({ by, person, api, reason, ...(token && { presented: token }), correlationId });
      return refused(...answer);
    };
    if (code !== undefined) {
      const refusal = codes.spend(code, form);
      if (refusal !== undefined) return refused(...refusal);
      const got = { grant: 'code', signedInAt: code.issued, origin: 'request' } as const;
      return answerTokens(by, api, person, got, code.asked.get('nonce') ?? '');
    }
    if (!person.consented[api]) return refuse('consent', 65001, 'invalid_grant', 'consent_required');
    const policy = person.policies[api];
    const presentedAt = claimed?.signedInAt ?? token?.signedInAt ?? 0;
    if (policy !== undefined && (policy.how !== 'frequency' || presentedAt < policy.since)) {
      return refuse('policy', ...POLICIES[policy.how]);
    }
    if (claimed !== undefined && assertion !== null) {
      if (claimed.endsAt <= world.now()) return refused(500133);
      if (claimed.signedInAt < person.revokedAt) return refuse('revoked', 50173);
      return answerTokens(by, api, person, {
        ...{ grant: 'exchange', signedInAt: claimed.signedInAt, origin: 'request', assertion },
      });
    }
    const known = token as Token;
    const { ends, issued: at, signedInAt, grant: line } = known;
    if (at <= Math.max(person.revokedAt, person.revokedGrantAt[line])) return refuse('revoked', 50173);
    if (ends <= world.now()) {
      // The end of a token that does not slide is fixed: only the user can get another one.
      const slides = rules.slides || line === 'code';
      if (slides) watch.onRefreshTokenOver(person, known);
      return refuse('refresh-token-over', slides ? 700082 : 700084);
    }
    return answerTokens(by, api, person, { grant: line, signedInAt, origin: 'worker', parent: presented });
  }

  function apiAnswer(by: ProcessLife, api: ApiName, init: RequestInit): Response {
    const token = tokens.get(bearerOf(init));
    const correlationId = new Headers(init.headers).get('client-request-id') ?? undefined;
    onPresented({ by, api, token, correlationId });
    if (token === undefined || token.kind !== 'access' || token.ends <= world.now() || token.api !== api) {
      return json(401, { error: { code: 'InvalidAuthenticationToken', message: '' } });
    }
    const { person } = token;
    const trouble = troubled(by, api, person);
    if (trouble !== undefined) return trouble;
    if (token.signedInAt < person.challengedAt[api]) {
      onRefusal({ by, person, api, reason: 'challenged', correlationId });
      const claims = base64({
        access_token: { nbf: { essential: true, value: String(person.challengedAt[api]) } },
      });
      const response = json(401, { error: { code: 'InvalidAuthenticationToken', message: '' } });
      response.headers.set(
        'www-authenticate',
        `Bearer realm="", error="insufficient_claims", claims="${claims}"`,
      );
      return response;
    }
    if (!token.mayRead) {
      onRefusal({ by, person, api, reason: 'lacks-scope', correlationId });
      return json(403, { error: { code: 'Authorization_RequestDenied', message: '' } });
    }
    return json(200, { id: answerOf(api, person.oid), displayName: person.name });
  }

  function troubled(by: ProcessLife, at: Trouble['at'], person: Person): Response | undefined {
    const now = world.now();
    const trouble = troubles.find(
      ({ at: place, until, of, whole }) => place === at && now < until && isOneOf(person, of, whole),
    );
    if (trouble === undefined) return undefined;
    onTrouble(person, at);
    const left = Math.ceil((trouble.until - now) / SECOND);
    switch (trouble.kind) {
      case 'throttled':
      case 'throttled-silently': {
        // Only Graph says whose a limit is.
        const whose = at === 'graph' ? trouble.whole : 'person';
        const until = trouble.kind === 'throttled' ? trouble.until : undefined;
        onThrottled({ by, person, at, until, whose });
        const response = json(429, { error: 'throttled' });
        if (trouble.kind === 'throttled') response.headers.set('retry-after', String(left));
        const scope = SCOPES[trouble.whole];
        if (scope !== undefined) response.headers.set('x-ms-throttle-scope', scope);
        return response;
      }
      case 'loop':
        onThrottled({ by, person, at, until: undefined, whose: 'person' });
        return at === 'token' ? refused(50196) : json(429, { error: 'throttled' });
      case 'outage':
        return json(503, { error: 'temporarily_unavailable' });
      case 'html':
        return new Response('<html>Bad gateway</html>', { status: 502 });
      case 'own-credential':
      case 'removed':
      case 'bare':
        onBlameless({ of: person, whole: trouble.whole, kind: trouble.kind });
        return refused(...BLAMELESS[trouble.kind]);
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
    const api = API_NAMES.find((name) => url.startsWith(APIS[name].baseUrl));
    if (!isToken && api === undefined) throw new TypeError(`Nothing in this simulation is at ${url}`);
    return world.ask(by, {
      what: () =>
        isToken ? `token endpoint: ${whatOf(init, personOf)}` : `${api}: read with ${bearerOf(init)}`,
      effect: () => (api === undefined ? tokenAnswer(by, url, init) : apiAnswer(by, api, init)),
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
    signIn: codes.signIn,
    fetchOf:
      (by: ProcessLife): typeof fetch =>
      (input, init) =>
        send(by, input, init),
    rules,
  };
}

/** The `scope` of an answer, in one of the ways in which Entra writes it. Another API's permissions never come with it. */
function scopeOf(written: Exclude<EntraRules['scope'], 'none'>, api: ApiName, mayRead: boolean): string {
  const { resource, permission: needed } = APIS[api];
  const permission = mayRead ? needed : 'Calendars.Read';
  switch (written) {
    case 'short':
      return `${permission} openid profile offline_access`;
    case 'full':
      return `openid profile ${resource}${permission}`;
    case 'with-default':
      return `${resource}${permission} ${resource}.default`;
    default:
      return written satisfies never;
  }
}

/** What an API says of a user. It is another answer than that of any other API. */
export const answerOf = (api: ApiName, oid: string): string => (api === 'graph' ? oid : `${api} of ${oid}`);

/** Which grant a request is, and whose. */
function whatOf(init: RequestInit, personOf: (oid: string) => Person): string {
  const form = new URLSearchParams(String(init.body));
  const assertion = form.get('assertion');
  const code = form.get('code');
  if (code !== null) return `redeem ${code}`;
  const api = form.get('scope')?.includes(NOTES.resource) ? ' (notes)' : '';
  if (assertion === null) return `trade ${form.get('refresh_token')}${api}`;
  return `exchange for ${personOf(readAssertion(assertion).oid).name}${api}`;
}

const bearerOf = (init: RequestInit): string =>
  new Headers(init.headers).get('authorization')?.slice('Bearer '.length) ?? '';

function json(status: number, body: object): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });
}

const coded = (code: string): Error => Object.assign(new Error(code), { code });
const base64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function idTokenOf({ tid, oid, name }: Person, now: number, nonce: string | undefined): string {
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
    ...(nonce !== undefined && { nonce }),
  };
  return `${base64({ alg: 'RS256' })}.${base64({ ...claims, preferred_username: name })}.unsigned`;
}
