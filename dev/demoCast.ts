/** Who plays what in the demo. */
import { DEMO_USERS, type DemoUser, numberedUsers, OTHER_TENANT_USER } from './entra/directory.ts';

export const PARTS = [
  'cache deleted',
  'grant revoked',
  'left in peace',
  'server error once',
  'consent withdrawn',
  'Graph down',
  'tenant throttled',
] as const;

export type Part = (typeof PARTS)[number];
export type Cast = Readonly<Record<Part, DemoUser>>;

/** More than one sign-in away from the demo users: a story of seven needs seven. */
export const EXTRAS = numberedUsers(2);

/**
 * @param names three demo users, separated by commas, for the first three parts
 * @throws {Error} that says who can be picked
 */
export function castOf(names: string): Cast {
  const picked = names.split(',').map((name) => {
    const user = DEMO_USERS.find((candidate) => candidate.name === name.trim());
    if (user === undefined) {
      const known = DEMO_USERS.map((candidate) => candidate.name).join(', ');
      throw new Error(`--pick: there is no user "${name}". Pick three of ${known}.`);
    }
    return user;
  });
  if (picked.length !== 3 || new Set(picked).size !== 3) {
    throw new Error('--pick takes three different users, for example --pick adele,bruno,chiara.');
  }
  const players = [...picked, ...DEMO_USERS.filter((user) => !picked.includes(user)), ...EXTRAS];
  return Object.fromEntries(
    PARTS.map((part, index) => [part, players[index] ?? OTHER_TENANT_USER]),
  ) as unknown as Cast;
}
