/**
 * Who and what exists in the stand-in: tenants, people, applications. All names are invented, and nothing here is
 * a secret: the stand-in listens on loopback alone.
 */
import { createHash } from 'node:crypto';

/** The tenant that the applications live in; three demo users are at home here and one is a guest. */
export const TENANT_ID = '0ba8ac9d-87b2-4ac0-a8a6-7c15e1295179';
/** The home tenant of the guest. His home account id names it, but his tokens do not. */
export const HOME_TENANT_ID_OF_GUEST = '4db53a5a-787f-4c09-96db-e6685954b5bf';
/** A second customer of the same applications. */
export const OTHER_TENANT_ID = '08fe459b-e911-4e8c-96d2-80f9c20dfa8f';

export const SPA_CLIENT_ID = 'c8a05e50-0e99-4720-b92d-cd151a853e69';
export const API_CLIENT_ID = 'af5685ae-b7e6-47f9-8961-29fc23c2e59c';
/** This secret is public. It is worth nothing outside this stand-in. */
export const API_CLIENT_SECRET = 'local-only-not-a-secret';
export const API_SCOPE_NAME = 'access_as_user';
/** Azure Monitor, as it calls secure webhooks. Microsoft has this application in every cloud tenant that wants it. */
export const WEBHOOK_CLIENT_ID = '461e8683-5575-4561-ac7f-899cc907d62a';
/** With this secret a test plays Azure Monitor. Like the other one, it is public. */
export const WEBHOOK_CLIENT_SECRET = 'local-only-webhook-secret';
/** The identity that the app has on its machine, as the identity endpoint knows it. */
export type ManagedIdentity = {
  clientId: string;
  /** Its object id, the `sub` of its tokens. */
  principalId: string;
};
/** The user-assigned identities that the app was given. */
export const MANAGED_IDENTITIES = [
  {
    clientId: 'de611ab3-9161-402f-a7bc-c7646745d041',
    principalId: '090f2de3-aaef-4ced-af18-689e4419cd5e',
  },
] as const satisfies readonly ManagedIdentity[];
export const SYSTEM_IDENTITY: ManagedIdentity = {
  clientId: 'f19a72b0-0cf4-49a7-a75a-f7da223b11f4',
  principalId: 'c922da0a-36f2-436a-b933-d2182c000c49',
};
/** What the app sends to the identity endpoint. It is public, and worth nothing outside this stand-in. */
export const IDENTITY_HEADER = 'local-only-identity-header';
export const IDENTITY_PATH = '/msi/token';
/** The audience of a token that serves as a client's credential. */
export const TOKEN_EXCHANGE = 'api://AzureADTokenExchange';

/** Microsoft Graph's well-known application id. */
export const GRAPH_APP_ID = '00000003-0000-0000-c000-000000000000';

/** Properties of Graph's `user` resource; null is what Graph sends for a property that nobody filled in. */
export type GraphProfile = {
  givenName: string | null;
  surname: string | null;
  mail: string | null;
  jobTitle: string | null;
  department: string | null;
  officeLocation: string | null;
  mobilePhone: string | null;
  preferredLanguage: string | null;
  city: string | null;
  country: string | null;
  employeeId: string | null;
  /** Graph's own user principal name; for guests it is not the name they sign in with. */
  userPrincipalName: string;
  userType: 'Member' | 'Guest';
};

/**
 * `every-size`: the photo is in a mailbox. `one-size`: the photo is in the directory, in the size of the upload. For
 * people without a mailbox Graph answers 400 (`no-mailbox`), and for guests, whose mailbox is elsewhere, 401
 * (`guest`), although the token is valid.
 */
export type PhotoAnswer = 'every-size' | 'one-size' | 'no-mailbox' | 'guest';

export type DemoUser = {
  /** Short name, unique over all tenants: what the control API calls this person. */
  name: string;
  displayName: string;
  /** The name to sign in with; `preferred_username` in tokens. */
  upn: string;
  /** The tenant that this person uses the applications in, and the object id there. */
  tid: string;
  oid: string;
  /** The home tenant and the object id there: `client_info`, and so MSAL's home account id. */
  homeTid: string;
  homeOid: string;
  /** Tenants for which this person may consent as an administrator. */
  administratorOf?: readonly string[];
  /** The files in the root of their OneDrive; absent for people without one. */
  drive?: readonly { id: string; name: string; size: number }[];
  /** What Graph answers to a request for the photo. Most people have none, so the answer is 404. */
  photo?: PhotoAnswer;
  profile: GraphProfile;
};

const nothingKnown = {
  givenName: null,
  surname: null,
  mail: null,
  jobTitle: null,
  department: null,
  officeLocation: null,
  mobilePhone: null,
  preferredLanguage: null,
  city: null,
  country: null,
  employeeId: null,
};

const member = (tid: string, oid: string) => ({ tid, oid, homeTid: tid, homeOid: oid });

/** Three people of the applications' tenant and one guest in it. */
export const DEMO_USERS = [
  {
    name: 'adele',
    displayName: 'Adele Brandt',
    upn: 'adele@harbour.example',
    ...member(TENANT_ID, 'bbfa24c8-cfdc-4cdb-8268-48a7cda1da40'),
    photo: 'every-size',
    drive: [
      { id: '01PIER4A', name: 'Berths.xlsx', size: 18_204 },
      { id: '01PIER4B', name: 'Tides of November.pdf', size: 240_117 },
    ],
    profile: {
      givenName: 'Adele',
      surname: 'Brandt',
      mail: 'adele.brandt@harbour.example',
      jobTitle: 'Harbour Pilot',
      department: 'Operations',
      officeLocation: 'Pier 4',
      mobilePhone: '+49 40 5550 0101',
      preferredLanguage: 'de-DE',
      city: 'Hamburg',
      country: 'Germany',
      employeeId: 'H-1001',
      userPrincipalName: 'adele@harbour.example',
      userType: 'Member',
    },
  },
  {
    name: 'bruno',
    displayName: 'Bruno Okafor',
    upn: 'bruno@harbour.example',
    ...member(TENANT_ID, 'a1b4cfde-a289-4ccd-8bc0-45130f9ee3c9'),
    drive: [],
    profile: {
      ...nothingKnown,
      givenName: 'Bruno',
      surname: 'Okafor',
      mail: 'bruno.okafor@harbour.example',
      jobTitle: 'Crane Engineer',
      department: 'Maintenance',
      country: 'Portugal',
      userPrincipalName: 'bruno@harbour.example',
      userType: 'Member',
    },
  },
  {
    name: 'chiara',
    displayName: "Chiara D'Amico Lindqvist",
    upn: 'chiara@harbour.example',
    ...member(TENANT_ID, '6649202f-3f02-48ce-9163-ac14bc8ffe6c'),
    administratorOf: [TENANT_ID],
    photo: 'no-mailbox',
    profile: { ...nothingKnown, userPrincipalName: 'chiara@harbour.example', userType: 'Member' },
  },
  {
    name: 'dana',
    displayName: 'Dana Whitlock',
    upn: 'dana@visitor.example',
    tid: TENANT_ID,
    oid: 'cd202cf7-7268-4685-8116-06d3bb1d0ef4',
    homeTid: HOME_TENANT_ID_OF_GUEST,
    homeOid: 'd20268a5-d3db-4f34-9a6f-086718586055',
    administratorOf: [HOME_TENANT_ID_OF_GUEST],
    photo: 'guest',
    profile: {
      ...nothingKnown,
      givenName: 'Dana',
      surname: 'Whitlock',
      mail: 'dana@visitor.example',
      jobTitle: 'Auditor',
      city: 'Reykjavík',
      country: 'Iceland',
      userPrincipalName: 'dana_visitor.example#EXT#@harbour.example',
      userType: 'Guest',
    },
  },
] as const satisfies readonly DemoUser[];

/** Another tenant's user whose object id equals Adele's: object ids are unique within a tenant only. */
export const OTHER_TENANT_USER = {
  name: 'erik',
  displayName: 'Erik Sandoval',
  upn: 'erik@elsewhere.example',
  ...member(OTHER_TENANT_ID, DEMO_USERS[0].oid),
  administratorOf: [OTHER_TENANT_ID],
  photo: 'one-size',
  profile: {
    ...nothingKnown,
    givenName: 'Erik',
    surname: 'Sandoval',
    mail: 'erik@elsewhere.example',
    userPrincipalName: 'erik@elsewhere.example',
    userType: 'Member',
  },
} as const satisfies DemoUser;

export const ALL_USERS: readonly DemoUser[] = [...DEMO_USERS, OTHER_TENANT_USER];

/** MSAL's home account id: `<object id at home>.<home tenant id>`. */
export const homeAccountId = (user: DemoUser): string => `${user.homeOid}.${user.homeTid}`;

/**
 * Further people for load and drills: `user0001`, `user0002` and so on, the same in every run.
 * @param tid their tenant; the applications' own if left out. Another tenant exists as soon as it has users.
 * @param prefix of their names, which must be unique over all tenants
 */
export function numberedUsers(count: number, tid: string = TENANT_ID, prefix = 'user'): DemoUser[] {
  return Array.from({ length: count }, (_, index) => {
    const number = String(index + 1).padStart(4, '0');
    const name = `${prefix}${number}`;
    const upn = `${name}@numbered.example`;
    return {
      name,
      displayName: `Numbered Person ${number}`,
      upn,
      ...member(tid, objectIdOf(`${tid} ${name}`)),
      profile: { ...nothingKnown, userPrincipalName: upn, userType: 'Member' as const },
    };
  });
}

/** A GUID that looks like a random one, and is the same for the same text. */
export function objectIdOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** A person as one tenant knows them. */
export type Identity = { user: DemoUser; tid: string; oid: string };

export const isAdministrator = ({ user, tid }: Identity): boolean =>
  user.administratorOf?.includes(tid) ?? false;

/** Path segments that mean "the user's home tenant". */
const HOME_TENANT_ALIASES = ['common', 'organizations'];
/** Tenants that exist even if they have no users. */
export const TENANT_IDS: readonly string[] = [TENANT_ID, HOME_TENANT_ID_OF_GUEST, OTHER_TENANT_ID];

export const isTenantAlias = (segment: string): boolean => HOME_TENANT_ALIASES.includes(segment);

/** The user's identity behind an authority's path segment; undefined if that tenant does not know the user. */
export function identityIn(segment: string, user: DemoUser): Identity | undefined {
  const tid = isTenantAlias(segment) ? user.homeTid : segment;
  if (tid === user.tid) return { user, tid, oid: user.oid };
  if (tid === user.homeTid) return { user, tid, oid: user.homeOid };
  return undefined;
}
