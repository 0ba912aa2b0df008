import { PlainError } from '../../ops/cli/errors.ts';

/** The parameters of a path that matches, by name; undefined for a path that does not. */
export type MatchRoute = (segments: readonly string[]) => Record<string, string> | undefined;

type Segment = { parameter: string } | { literal: RegExp };

/**
 * Compiles a route template whose segments are plain text (case does not matter) or one parameter, `{id}`. Azure
 * knows more: constraints, optional, default and catch-all parameters, and several in one segment.
 * @throws PlainError when the template uses any of these or names a parameter twice.
 */
export function compileRoute(template: string): MatchRoute {
  const segments = template
    .split('/')
    .filter(Boolean)
    .map((text) => compileSegment(text, template));
  const names = segments.flatMap((segment) =>
    'parameter' in segment ? [segment.parameter.toLowerCase()] : [],
  );
  if (new Set(names).size < names.length)
    throw new PlainError(`route "${template}" is malformed: a parameter name is used twice.`);

  return (path) => {
    if (path.length !== segments.length) return undefined;
    const params: Record<string, string> = {};
    for (const [i, segment] of segments.entries()) {
      const text = path[i] ?? '';
      if ('parameter' in segment) params[segment.parameter] = text;
      if ('parameter' in segment ? text === '' : !segment.literal.test(text)) return undefined;
    }
    return params;
  };
}

function compileSegment(text: string, template: string): Segment {
  const [, parameter] = /^\{([^*:=?{}]+)\}$/.exec(text) ?? [];
  if (parameter !== undefined) return { parameter };
  if (/[{}]/.test(text))
    throw new PlainError(
      `route "${template}" has "${text}", and this local host runs only plain text and {name} as a whole segment: no constraint, no optional, default or catch-all parameter.`,
    );
  return { literal: new RegExp(`^${text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`, 'i') };
}
