import type { UserId } from '../../shared/userId.ts';
import type { ProcessLife } from './world.ts';

/** The APIs that are called on behalf of a user. Graph's token keeps the connection. */
export type ApiName = 'graph' | 'notes';

/** Why Entra or an API refuses a user. Each of these is the user's to correct. */
export type Reason = 'revoked' | 'consent' | 'lacks-scope' | 'challenged' | 'refresh-token-over' | 'policy';

/**
 * What a policy of one API asks of a user. `frequency`: a sign-in that is not older than the policy. The others hold whatever the
 * user presents, until they have done it.
 */
export type Policy = 'mfa' | 'blocked' | 'unassigned' | 'frequency';

/** By which way Stead came to a token: it exchanged the access token of a page, or it redeemed the code of a link. */
export type Grant = 'exchange' | 'code';

/** What is true of a user at Entra now. */
export type Person = {
  name: string;
  userId: UserId;
  tid: string;
  oid: string;
  /** Whether what the user has consented to has anything of the API. */
  consented: Record<ApiName, boolean>;
  /** What is consented to may lack the permission that visits and tasks need of Graph. */
  consentLacksScope: boolean;
  /** Refresh tokens that were issued before are no longer good. */
  revokedAt: number;
  /** The same of one grant alone. */
  revokedGrantAt: Record<Grant, number>;
  /** The API wants a sign-in that is not older. */
  challengedAt: Record<ApiName, number>;
  /** The token endpoint gives no token for this API, and others for all others. */
  policies: Partial<Record<ApiName, { how: Policy; since: number }>>;
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
  /** How an answer names the permissions of the access token. It need not say anything of them. */
  scope: 'short' | 'full' | 'with-default' | 'none';
};

export type Token = {
  kind: 'access' | 'refresh';
  /** What it stems from. */
  grant: Grant;
  /** Of an access token: the only API that takes it. */
  api: ApiName;
  /** Of an access token from an exchange: what was exchanged. */
  assertion?: string;
  person: Person;
  ends: number;
  /** Of an access token: whether it has the permission to read the profile. */
  mayRead: boolean;
  issued: number;
  /** How far the clock of the process was ahead that asked for it. MSAL does not use what seems to be of the future. */
  skewMs: number;
  signedInAt: number;
  /** Of a refresh token: how it was got, and from which one. */
  origin: 'request' | 'worker';
  parent?: string;
};

/** A refusal that says nothing of the user. */
export type Blameless = 'own-credential' | 'removed' | 'bare';

/** A throttle, an outage or a refusal that is nobody's fault, until a time. */
export type Trouble = {
  at: 'token' | ApiName;
  /** One person, everybody of their tenant, or everybody. */
  of: Person;
  whole: 'person' | 'tenant' | 'everybody';
  kind: 'throttled' | 'throttled-silently' | 'loop' | 'outage' | 'html' | Blameless;
  until: number;
};

/** Whether a limit that is told to one person concerns another one. */
export const isOneOf = (person: Person, of: Person, whole: Trouble['whole']): boolean =>
  whole === 'everybody' || of === person || (whole === 'tenant' && of.tid === person.tid);

export type TokenPost = {
  by: ProcessLife;
  person: Person;
  grant: Grant | 'refresh';
  api: ApiName;
  /** The refresh token, if there is one. */
  presented: Token | undefined;
  /** What is exchanged. */
  assertion: string | undefined;
  /** The claims that it asks for, as JSON. */
  claims: string | undefined;
  correlationId: string | undefined;
};

/** An answer that refuses a user, and which process it was for. */
export type Refusal = {
  by: ProcessLife;
  person: Person;
  api: ApiName;
  reason: Reason;
  /** The refresh token that was refused, if it was one. */
  presented?: Token;
  correlationId: string | undefined;
};

/**
 * An answer that asks for fewer requests. `until`: when the limit ends; undefined if the answer does not say it. `whose`:
 * whose limit it says it is.
 */
export type Throttled = {
  by: ProcessLife;
  person: Person;
  at: Trouble['at'];
  until: number | undefined;
  whose: Trouble['whole'];
};

/** A token that an API was sent; `token` is undefined if nobody issued it. */
export type Presented = {
  by: ProcessLife;
  api: ApiName;
  token: Token | undefined;
  correlationId: string | undefined;
};

/** Who is told of what the token endpoint meets. */
export type EntraWatch = {
  onPost: (post: TokenPost) => void;
  onRefreshTokenOver: (person: Person, over: Token) => void;
  onCodeSpentTwice: (person: Person) => void;
  onRefusal: (refusal: Refusal) => void;
  onThrottled: (throttled: Throttled) => void;
  onTrouble: (person: Person, at: Trouble['at']) => void;
  onBlameless: (blameless: Pick<Trouble, 'of' | 'whole'> & { kind: Blameless }) => void;
  onPresented: (presented: Presented) => void;
  onIssued: (person: Person, api: ApiName) => void;
};
