/** The changes of a directory, as data: they are printed by a dry run and sent by a real one. */

/** The objects that a run may create. Later calls need their ids. */
export type Made = 'api' | 'page' | 'apiPrincipal' | 'pagePrincipal' | 'webhookPrincipal';

export type Call = {
  method: 'POST' | 'PATCH' | 'DELETE';
  /** Below `/v1.0`. */
  path: string;
  body?: Record<string, unknown>;
  /** What it does, and why. One line. */
  why: string;
  /** Which object the call creates. */
  makes?: Made;
  /** True if the call is also done when the object does not exist any more. */
  mayBeGone?: true;
};

/** Stands for an id that Entra gives when the object is created. */
export const idOf = (made: Made): string => `{${made}.id}`;
export const appIdOf = (made: 'api' | 'page'): string => `{${made}.appId}`;

/** The ids of the objects that were created, by what stands for them. */
export type Ids = Record<string, string>;

/** The same call with ids in the places of what stands for them. */
export function withIds(call: Call, ids: Ids): Call {
  const fill = (text: string): string =>
    text.replaceAll(/\{(?:api|page|webhook)(?:Principal)?\.(?:id|appId)\}/g, (name) => ids[name] ?? name);
  return {
    ...call,
    path: fill(call.path),
    ...(call.body && { body: JSON.parse(fill(JSON.stringify(call.body))) as Record<string, unknown> }),
  };
}

/** The lines of a dry run: what the call does, the request line, and the body. */
export function linesOf({ method, path, body, why }: Call): string[] {
  return [
    `# ${why}`,
    `${method} /v1.0${path}`,
    ...(body === undefined ? [] : JSON.stringify(body, undefined, 2).split('\n')),
    '',
  ];
}
