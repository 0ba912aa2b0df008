import { describe, expect, it } from 'vitest';
import { keptAsJson } from '../../../../spa/src/connection/saveKept.ts';
import { de } from '../../../../spa/src/words/de.ts';

describe('what a person can save of themselves', () => {
  it('says in words what it holds, and is what the service told', () => {
    const connection = { state: 'active', history: [], permissions: { graph: ['User.Read'] } } as const;
    const kept = keptAsJson(
      de('Orchard'),
      { ...connection, history: [], permissions: { graph: ['User.Read'] } },
      { id: 'x', displayName: 'Adele' },
      new Date('2026-11-30T08:00:00Z'),
    );
    expect(JSON.parse(kept)).toEqual({
      about: expect.stringMatching(/^Was Orchard von Ihnen behält.* außer Ihrem Benutzernamen\.$/),
      savedAt: '2026-11-30T08:00:00.000Z',
      connection,
      profile: { id: 'x', displayName: 'Adele' },
      notIncluded: [
        expect.stringMatching(/Benutzername.*Kennung.*seit wann/),
        expect.stringMatching(/Aufgaben sich merken.*verschlüsselt/),
        expect.stringMatching(/Schlüssel.*verschlüsselt/),
      ],
      ask: expect.stringMatching(/^Die Leute, die Orchard betreiben, .*accounts export/),
    });
  });

  it('has no profile if there is none', () => {
    const kept = keptAsJson(de('Orchard'), { state: 'active', history: [] }, undefined, new Date());
    expect(JSON.parse(kept)).not.toHaveProperty('profile');
  });
});
