import { describe, expect, it } from 'vitest';
import { findPlanted } from './findPlanted.ts';
import { PLANTED_FAULTS } from './plantedFaults.ts';

describe('a planted fault', { timeout: 300_000 }, () => {
  it.each(Object.entries(PLANTED_FAULTS))('is found: %s', async (name, { found: says }) => {
    const { found } = await findPlanted(name);
    expect(found?.violation).toMatch(says);
  });
});
