/** Reads a compiled template (infra/main.json) without Bicep: what each module is given, and what it makes. */

export type Json = { [name: string]: unknown };

/** The value behind a path of names, such as `properties.siteConfig.cors`; undefined where there is none. */
export function pick(value: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>(
    (at, name) => (typeof at === 'object' && at !== null ? (at as Json)[name] : undefined),
    value,
  );
}

/** Like `pick`, for an object. It is empty where there is none. */
export function pickObject(value: unknown, ...path: string[]): Json {
  const found = pick(value, ...path);
  return typeof found === 'object' && found !== null ? (found as Json) : {};
}

/** The compiled file of one module. */
export const moduleOf = (template: Json, module: string): Json =>
  pickObject(template, 'resources', module, 'properties', 'template');

/** What main.bicep gives to a parameter of a module: a value, or an expression that is read in main.bicep. */
export const givenTo = (template: Json, module: string, parameter: string): unknown => {
  const given = pick(template, 'resources', module, 'properties', 'parameters', parameter);
  return typeof given === 'object' ? pick(given, 'value') : given;
};

export type Made = { module: string; symbol: string; resource: Json };

/** Every resource that the template and its modules make, without those that they only refer to. */
export function madeBy(template: Json): Made[] {
  return Object.entries(pickObject(template, 'resources')).flatMap(([module, resource]) => {
    if (pick(resource, 'type') !== 'Microsoft.Resources/deployments') {
      return [{ module: 'main', symbol: module, resource: resource as Json }];
    }
    return Object.entries(pickObject(moduleOf(template, module), 'resources'))
      .filter(([, made]) => pick(made, 'existing') !== true)
      .map(([symbol, made]) => ({ module, symbol, resource: made as Json }));
  });
}

export const ofType = (template: Json, type: string): Made[] =>
  madeBy(template).filter(({ resource }) => resource.type === type);

/** What a resource is made for each of, if it is made in a loop over a variable. */
export function loopOf(module: Json, resource: Json): { variable: string; items: unknown[] } | undefined {
  const [, variable] =
    /^\[length\(variables\('(\w+)'\)\)\]$/.exec(String(pick(resource, 'copy', 'count'))) ?? [];
  if (variable === undefined) return undefined;
  return { variable, items: pick(module, 'variables', variable) as unknown[] };
}

/** Follows `[variables('a').b]` to its value; any other value is its own. */
export function followVariable(module: Json, value: unknown): unknown {
  const [, name = '', property] = /^\[variables\('([^']+)'\)(?:\.(\w+))?\]$/.exec(String(value)) ?? [];
  if (name === '') return value;
  return property === undefined ? pick(module, 'variables', name) : pick(module, 'variables', name, property);
}

/** The application settings that main.bicep gives to the function app. */
export const settings = (template: Json): Json => givenTo(template, 'functionApp', 'settings') as Json;

/** What main.bicep gives to a module. */
export const given = (template: Json, module: string): Json =>
  pickObject(template, 'resources', module, 'properties', 'parameters');

/** One resource of a module. */
export const made = (template: Json, module: string, symbol: string): Json =>
  pickObject(moduleOf(template, module), 'resources', symbol);

/** The properties of one resource of a module. */
export const properties = (template: Json, module: string, symbol: string): Json =>
  pickObject(made(template, module, symbol), 'properties');

/** One parameter of main.bicep. */
export const parameter = (template: Json, name: string): Json => pickObject(template, 'parameters', name);

/** The variables of a module. */
export const variables = (template: Json, module: string): Json =>
  pickObject(moduleOf(template, module), 'variables');
