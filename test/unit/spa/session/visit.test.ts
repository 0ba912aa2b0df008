import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { beginVisit, forgetVisit, visitBefore } from '../../../../spa/src/session/visit.ts';

const FRIDAY = '2026-11-27T17:04:00.000Z';
const MONDAY = Date.UTC(2026, 10, 30, 8);
const MINUTE = 60_000;

let kept: Map<string, string>;
beforeEach(() => {
  kept = new Map();
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  });
});
afterEach(() => void vi.unstubAllGlobals());

describe('when the person was here before this visit', () => {
  it('is what the service said before the visit, also after a reload and after a way to the directory', () => {
    expect(visitBefore('a', FRIDAY, MONDAY)).toBe(FRIDAY);
    const now = new Date(MONDAY).toISOString();
    expect(visitBefore('a', now, MONDAY + 20 * MINUTE)).toBe(FRIDAY);
    expect(visitBefore('a', now, MONDAY + 45 * MINUTE), 'each load prolongs the visit').toBe(FRIDAY);
    expect(visitBefore('a', now, MONDAY + 90 * MINUTE), 'after more than half an hour').toBe(now);
  });

  it('is of each account by itself', () => {
    visitBefore('a', FRIDAY, MONDAY);
    expect(visitBefore('b', undefined, MONDAY)).toBeUndefined();
  });

  it('is unknown on a first visit, and stays so through its reloads', () => {
    expect(visitBefore('a', undefined, MONDAY)).toBeUndefined();
    expect(visitBefore('a', new Date(MONDAY).toISOString(), MONDAY + MINUTE)).toBeUndefined();
  });

  it('begins anew for whoever starts again, and is gone with a sign-out', () => {
    visitBefore('a', FRIDAY, MONDAY);
    beginVisit('a', undefined, MONDAY + MINUTE);
    expect(visitBefore('a', FRIDAY, MONDAY + 2 * MINUTE)).toBeUndefined();
    forgetVisit();
    expect(kept.size).toBe(0);
  });

  it('is not what somebody else wrote there', () => {
    kept.set('stead.visit', '{');
    expect(visitBefore('a', FRIDAY, MONDAY)).toBe(FRIDAY);
  });
});
