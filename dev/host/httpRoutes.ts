import type { RegisteredFunction } from './registry.ts';
import { compileRoute, type MatchRoute } from './routeTemplate.ts';

export type HttpRoute = {
  fn: RegisteredFunction;
  /** Upper case. */
  methods: string[];
  /** With the prefix, without a leading slash. */
  template: string;
  match: MatchRoute;
};

export type RouteMatch = { fn: RegisteredFunction; params: Record<string, string> };

/** @throws PlainError when the function's route is malformed or uses what this host does not have. */
export function createHttpRoute(fn: RegisteredFunction, routePrefix: string): HttpRoute {
  const { route, methods } = fn.trigger;
  const own = typeof route === 'string' && route !== '' ? route : fn.name;
  const template = [routePrefix, own]
    .map((part) => part.replaceAll(/^\/+|\/+$/g, ''))
    .filter(Boolean)
    .join('/');
  return {
    fn,
    methods: Array.isArray(methods) ? methods.map((method) => String(method).toUpperCase()) : [],
    template,
    match: compileRoute(template),
  };
}

/** The first match in the order of the functions' names, as in the host. HEAD is not GET. */
export function findRoute(
  routes: readonly HttpRoute[],
  method: string,
  segments: readonly string[],
): RouteMatch | undefined {
  const byName = routes.toSorted((a, b) => (a.fn.name.toLowerCase() < b.fn.name.toLowerCase() ? -1 : 1));
  for (const route of byName) {
    const params = route.methods.includes(method) ? route.match(segments) : undefined;
    if (params) return { fn: route.fn, params };
  }
  return undefined;
}
