import { HostError } from './hostError.ts';
import { type Constraint, parseConstraint } from './routeConstraint.ts';

/** The parameters of a path that matches, by name; undefined for a path that does not. */
export type MatchRoute = (segments: readonly string[]) => Record<string, string> | undefined;

type Parameter = {
  name: string;
  catchAll: boolean;
  optional: boolean;
  defaultValue: string | undefined;
  constraints: Constraint[];
};

/** One segment of a template: a pattern with one group for each parameter. */
type Segment = { pattern: RegExp; parameters: Parameter[]; omittable: boolean };

/** A parameter, in which a brace is written twice, or a literal. */
const TOKEN = /\{(?:[^{}]|\{\{|\}\})*\}|[^{}]+|[{}]/g;

/**
 * Compiles an ASP.NET Core route template: literals (case does not matter), `{id}`, `{id:int:min(1)}`, `{id?}`,
 * `{id=7}`, `{*rest}`, and several parameters in one segment, as in `{name}.{ext}`.
 * Source: "Routing in ASP.NET Core", route templates.
 * @throws HostError when the template is malformed or uses an unknown constraint.
 */
export function compileRoute(template: string): MatchRoute {
  const segments = template
    .split('/')
    .filter(Boolean)
    .map((text) => compileSegment(text, template));
  const last = segments.length - 1;
  const names = segments.flatMap(({ parameters }) => parameters.map(({ name }) => name.toLowerCase()));
  if (new Set(names).size < names.length) throw malformed(template, 'a parameter name is used twice');
  if (segments.some(({ parameters: [p] }, i) => p?.catchAll && i < last))
    throw malformed(template, 'a catch-all parameter must come last');
  let required = segments.length;
  while (required > 0 && segments[required - 1]?.omittable) required--;

  return (path) => {
    const catchAll = segments[last]?.parameters[0]?.catchAll;
    if (path.length < required || (path.length > segments.length && !catchAll)) return undefined;
    const params: Record<string, string> = {};
    for (const [i, segment] of segments.entries()) {
      const isRest = catchAll && i === last;
      const text = isRest ? path.slice(i).join('/') : path[i];
      if (!matchSegment(segment, text, params)) return undefined;
    }
    return params;
  };
}

/** Adds the segment's parameters to `params`; false when it does not match. */
function matchSegment(segment: Segment, text: string | undefined, params: Record<string, string>): boolean {
  if (!text) {
    if (!segment.omittable) return false;
    const [parameter] = segment.parameters;
    if (parameter?.defaultValue !== undefined) params[parameter.name] = parameter.defaultValue;
    return true;
  }
  const values = segment.pattern.exec(text)?.slice(1);
  if (!values) return false;
  return segment.parameters.every(({ name, constraints }, i) => {
    const value = values[i] ?? '';
    params[name] = value;
    return constraints.every((holds) => holds(value));
  });
}

function compileSegment(text: string, template: string): Segment {
  const parameters: Parameter[] = [];
  const tokens = text.match(TOKEN) ?? [];
  const patterns = tokens.map((token) => {
    if (token === '{' || token === '}') throw malformed(template, 'a brace has no partner');
    if (!token.startsWith('{')) return token.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
    const parameter = parseParameter(token, template);
    parameters.push(parameter);
    return parameter.catchAll ? '(.*)' : '(.+?)';
  });
  const alone = tokens.length === 1 ? parameters[0] : undefined;
  const omittable =
    alone !== undefined && (alone.optional || alone.catchAll || alone.defaultValue !== undefined);
  if (!alone && parameters.some((p) => p.optional || p.catchAll || p.defaultValue !== undefined))
    throw malformed(template, 'an optional or catch-all parameter must be a segment of its own');
  return { pattern: new RegExp(`^${patterns.join('')}$`, 'is'), parameters, omittable };
}

/** `token` is `{name}`, `{*name}`, `{name:constraint:constraint(arguments)=default}` or `{name?}`. */
function parseParameter(token: string, template: string): Parameter {
  const [, stars = '', name, options = ''] = /^\{(\*{0,2})([^*:=?{}/]+)(.*)\}$/.exec(token) ?? [];
  if (name === undefined) throw malformed(template, `${token} is no parameter`);
  const constraints: Constraint[] = [];
  const next = /:([a-z]+)(?:\((.*?)\))?(?=[:=?]|$)/iy;
  let end = 0;
  for (let match = next.exec(options); match; match = next.exec(options)) {
    end = next.lastIndex;
    const args = match[2]?.replaceAll('{{', '{').replaceAll('}}', '}');
    constraints.push(parseConstraint(match[1] ?? '', args, template));
  }
  const rest = /^(?:=(.*?))?(\?)?$/.exec(options.slice(end));
  if (!rest) throw malformed(template, `${token} is no parameter`);
  const [, defaultValue, optional] = rest;
  return { name, catchAll: stars !== '', optional: optional === '?', defaultValue, constraints };
}

function malformed(template: string, why: string): HostError {
  return new HostError(`Route "${template}" is malformed: ${why}.`);
}
