/** Which user plays which part in the demo. */
import { UsageError } from '../ops/cli/errors.ts';
import { DEMO_USERS, type DemoUser, OTHER_TENANT_USER } from './entra/directory.ts';

export const DEFAULT_PICK = 'adele,bruno,chiara';

export const PARTS = [
  'cache deleted',
  'grant revoked',
  'no failure',
  'server error once',
  'consent withdrawn',
  'Graph down',
  'tenant throttled',
] as const;

export type Part = (typeof PARTS)[number];
export type Cast = Readonly<Record<Part, DemoUser>>;

const [, , CHIARA] = DEMO_USERS;

/** The story needs seven people, and the stand-in has too few. */
const FARAH = colleague('farah', 'Farah Lindholm', '3f0b7c52-6a1d-4c8e-9b64-1d2e7a90c5f3');
const GORAN = colleague('goran', 'Goran Petrak', '7e94d1a8-0c35-4f2b-8d17-a6b3c8e2f04d');
export const EXTRAS: readonly DemoUser[] = [FARAH, GORAN];

/**
 * @param names three demo users, separated by commas, for the first three parts
 * @throws {UsageError} It says who can be picked.
 */
export function castOf(names: string): Cast {
  const picked = names.split(',').map((name) => {
    const user = DEMO_USERS.find((candidate) => candidate.name === name.trim());
    if (user === undefined) {
      const known = DEMO_USERS.map((candidate) => candidate.name).join(', ');
      throw new UsageError(
        `--pick: there is no user ${JSON.stringify(name.trim())}. Pick three of ${known}.`,
      );
    }
    return user;
  });
  const [first, second, third] = picked;
  const fourth = DEMO_USERS.find((user) => !picked.includes(user));
  if (!first || !second || !third || !fourth || new Set(picked).size !== 3 || picked.length !== 3) {
    throw new UsageError(`--pick takes three different users, for example --pick ${DEFAULT_PICK}.`);
  }
  return {
    'cache deleted': first,
    'grant revoked': second,
    'no failure': third,
    'server error once': fourth,
    'consent withdrawn': FARAH,
    'Graph down': GORAN,
    'tenant throttled': OTHER_TENANT_USER,
  };
}

function colleague(name: string, displayName: string, oid: string): DemoUser {
  const upn = `${name}@harbour.example`;
  const profile = { ...CHIARA.profile, userPrincipalName: upn };
  return { ...CHIARA, name, displayName, upn, oid, homeOid: oid, profile };
}
