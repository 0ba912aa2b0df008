import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Json } from './armTemplate.ts';

export type TemplateRule = {
  /** What breaks the rule; nothing in a good template. */
  faultsOf: (template: Json) => string[];
  /** Changes of a good template that the rule must find, by what they are. */
  finds: Record<string, (changed: Json) => unknown>;
};

/**
 * Tests that infra/main.json keeps each rule, and that each rule finds its faults. Rules are named after what is wrong.
 * `npm run check:infra` makes sure that infra/main.json is what infra/main.bicep compiles to.
 */
export function testTemplateRules(rules: Record<string, TemplateRule>): void {
  const template: Json = JSON.parse(readFileSync(new URL('../../infra/main.json', import.meta.url), 'utf8'));

  describe.each(Object.entries(rules))('%s', (_name, { faultsOf, finds }) => {
    it('has no place in the template', () => {
      expect(faultsOf(template)).toEqual([]);
    });

    it.each(Object.entries(finds))('would be found: %s', (_what, change) => {
      const changed = structuredClone(template);
      change(changed);
      expect(faultsOf(changed)).not.toEqual([]);
    });

    it('is shown to be found', () => {
      expect(Object.keys(finds)).not.toEqual([]);
    });
  });
}

/** The names whose values differ, each with the value that was found. */
export function differences(found: Record<string, unknown>, wanted: Record<string, unknown>): string[] {
  return [...new Set([...Object.keys(found), ...Object.keys(wanted)])]
    .filter((name) => found[name] !== wanted[name])
    .map((name) => `${name} is ${JSON.stringify(found[name])}`);
}
