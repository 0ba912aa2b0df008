import type { Person } from './entraTypes.ts';

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
