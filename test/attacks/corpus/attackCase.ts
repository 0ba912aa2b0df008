import type { Forge } from '../forge.ts';
import { compact, type Json, rsa, type Signer } from '../jws.ts';
import { type Expected, INVALID } from '../outcome.ts';
import type { AttackRequest } from '../target.ts';

/** Real tokens of a real sign-in, by their use. */
export type Issued = {
  accessToken: string;
  idToken: string;
  spaRefreshToken: string;
  graphToken: string;
  apiIdToken: string;
  apiRefreshToken: string;
};

export type AttackCase = {
  name: string;
  request(forge: Forge, issued: Issued): AttackRequest | Promise<AttackRequest>;
  expected: Expected;
};

/** The whole header of one bearer token. */
export const bearer = (token: string): AttackRequest => ({ authorization: `Bearer ${token}` });

/** What a user's own page sends. */
export const asUser = ({ signed, claims }: Forge, { oid, upn }: { oid: string; upn: string }) =>
  bearer(signed(claims({ oid, preferred_username: upn })));

/** A case in which nothing but the token is unusual. */
export const token = (
  name: string,
  make: (forge: Forge, issued: Issued) => string | Promise<string>,
  expected: Expected,
): AttackCase => ({
  name,
  request: async (forge, issued) => bearer(await make(forge, issued)),
  expected,
});

/** A token that is none to us. */
export const refused = (name: string, make: (forge: Forge) => string | Promise<string>): AttackCase =>
  token(name, make, INVALID);

/** Adele's claims signed by somebody, with a header of his own. */
export const forged = (
  name: string,
  signer: (forge: Forge) => Signer,
  header: (forge: Forge) => Json,
): AttackCase =>
  refused(name, (forge) => compact(forge.header(header(forge)), forge.claims(), signer(forge)));

export const byAuthority = ({ authorityKey }: Forge): Signer => rsa(authorityKey.privateKey);
export const byOwnKey = ({ ownKey }: Forge): Signer => rsa(ownKey.privateKey);
