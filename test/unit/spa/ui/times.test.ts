import { describe, expect, it } from 'vitest';
import { relativeText } from '../../../../spa/src/ui/times.ts';

const NOW = new Date('2030-01-01T12:00:00Z');

describe('relativeText', () => {
  it.each([
    [0, 'now'],
    [-0.4, 'now'],
    [-1, '1 second ago'],
    [-59, '59 seconds ago'],
    [-60, '1 minute ago'],
    [-3_599, '59 minutes ago'],
    [-7_200, '2 hours ago'],
    [-86_400, 'yesterday'],
    [-400 * 86_400, '400 days ago'],
    [18, 'in 18 seconds'],
    [150, 'in 2 minutes'],
    [86_400, 'tomorrow'],
  ])('says of %d seconds from now: %s', (seconds, text) => {
    expect(relativeText(new Date(NOW.getTime() + seconds * 1_000), NOW)).toBe(text);
  });
});
