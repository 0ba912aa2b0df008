/** What the templates refuse in each of Microsoft's clouds, by the expressions of infra/main.json. */
import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { CLOUDS } from '../../../shared/clouds.ts';
import { type Json, pick, pickObject } from '../../support/armTemplate.ts';

const template: Json = JSON.parse(readFileSync(new URL('../../../infra/main.json', import.meta.url), 'utf8'));
const [PUBLIC, US_GOVERNMENT, CHINA] = CLOUDS.map(({ azureName }) => azureName);

/** Evaluates a variable of the template. Its expressions are JavaScript, but for the names of two functions. */
function evaluate(variable: string, parameters: Json, azureName: string | undefined): unknown {
  const [, expression = ''] = /^\[(.*)\]$/.exec(String(pick(template, 'variables', variable))) ?? [];
  const functions = {
    environment: () => ({ name: azureName }),
    parameters: (name: string) => parameters[name] ?? pickObject(template, 'parameters', name).defaultValue,
    variables: (name: string) => evaluate(name, parameters, azureName),
    choose: (condition: boolean, one: unknown, other: unknown) => (condition ? one : other),
    createArray: (...items: string[]) => items,
    // The template filters by nothing else.
    filter: (items: string[]) => items.filter((item) => item !== ''),
    lambda: () => undefined,
    lambdaVariables: () => '',
    empty: (text: string) => text === '',
    equals: (one: unknown, other: unknown) => one === other,
    or: (...all: boolean[]) => all.some(Boolean),
    not: (value: boolean) => !value,
  };
  return runInNewContext(expression.replaceAll(/\bif\(/g, 'choose('), functions);
}

const faults = (azureName: string | undefined, parameters: Json = {}): string[] => [
  ...(evaluate('cloudFaults', parameters, azureName) as string[]),
];

const ELSEWHERE = { entraAuthority: 'https://login.example', makeStaticWebApp: false };

describe('the templates', () => {
  it('are served in the public cloud with their defaults, and in 21Vianet’s with an authority and a page', () => {
    expect(faults(PUBLIC)).toEqual([]);
    expect(faults(CHINA, ELSEWHERE)).toEqual([]);
  });

  it('are refused in Azure Government, which has no Flex Consumption', () => {
    expect(faults(US_GOVERNMENT, ELSEWHERE)).toEqual([
      expect.stringMatching(/^Flex Consumption.* not offered/),
    ]);
  });

  it('are refused outside of the public cloud without an authority, and with a static web app', () => {
    expect(faults(CHINA)).toEqual([
      expect.stringMatching(/^Set ENTRA_AUTHORITY /),
      expect.stringMatching(/^Set MAKE_STATIC_WEB_APP to false, and PAGE_ORIGIN /),
    ]);
  });

  it('make no resource group if there is a fault', () => {
    expect(pick(template, 'resources', 'group', 'location')).toBe(
      "[if(empty(variables('cloudFaults')), parameters('location'), fail(format('{0} docs/clouds.md explains it.', join(variables('cloudFaults'), ' '))))]",
    );
  });
});
