import { describe, expect, it } from 'vitest';
import { de } from '../../../../spa/src/words/de.ts';
import { en } from '../../../../spa/src/words/en.ts';
import { pickLanguage } from '../../../../spa/src/words/language.ts';

/** Each text of a catalogue by its path; what makes a text is called with the same arguments in each language. */
function textsOf(catalogue: unknown, path = ''): [path: string, text: string][] {
  if (typeof catalogue === 'string') return [[path, catalogue]];
  if (typeof catalogue === 'function') {
    const made: unknown = catalogue({ how: 'weekday', text: 'X', count: 2 }, 'Y');
    return [[path, String(made)]];
  }
  return Object.entries(catalogue as object).flatMap(([name, value]) => textsOf(value, `${path}/${name}`));
}

describe('the catalogues', () => {
  const [english, german] = [textsOf(en('Orchard')), textsOf(de('Orchard'))];

  it('have the same texts, those in tables by name included, and none is empty', () => {
    expect(german.map(([path]) => path)).toEqual(english.map(([path]) => path));
    expect([...english, ...german].filter(([, text]) => text.trim() === '')).toEqual([]);
  });

  it('are translated: only names, codes and loan words are the same', () => {
    const same = german.filter(([path, text]) => english.some((one) => one[0] === path && one[1] === text));
    expect(same.map(([path]) => path)).toEqual([
      '/foundBy',
      '/technical/unknown',
      '/details',
      '/detailNames/code',
      '/detailNames/problem',
    ]);
  });

  it('call the application by its own name alone, and use no jargon', () => {
    for (const [path, text] of [...english, ...german]) {
      if (path.startsWith('/detailNames') || path.startsWith('/technical')) continue;
      expect(text, path).not.toMatch(
        /\bStead\b|\bToken|sealed|\brow\b|AADSTS|apiBaseUrl|config\.json|\bnull\b|undefined/,
      );
    }
  });

  it('decide between one and more', () => {
    expect(en('X').found['drive-changes']?.({ count: 1, text: '1' })).toBe('1 new or changed file');
    expect(en('X').found['inbox-digest']?.({ count: 12, text: '12' })).toBe('12 new messages');
    expect(de('X').found['inbox-digest']?.({ count: 1, text: '1' })).toBe('1 neue Nachricht');
    expect(de('X').found['inbox-digest']?.({ count: 0, text: '0' })).toBe('0 neue Nachrichten');
  });

  it('put the time where the language wants it', () => {
    const at = { how: 'weekday', text: 'Samstag 09:12' } as const;
    expect(en('X').state.stopped({ how: 'weekday', text: 'Saturday 09:12' })).toBe(
      'Stopped on Saturday 09:12',
    );
    expect(en('X').state.stopped({ how: 'time', text: '09:12' })).toBe('Stopped at 09:12');
    expect(en('X').state.stopped({ how: 'yesterday', text: 'yesterday 09:12' })).toBe(
      'Stopped yesterday at 09:12',
    );
    expect(de('X').state.stopped(at)).toBe('Am Samstag 09:12\u00a0Uhr stehen geblieben');
    expect(de('X').state.stopped({ how: 'yesterday', text: 'gestern 09:12' })).toBe(
      'Gestern um 09:12\u00a0Uhr stehen geblieben',
    );
    expect(de('X').state.waiting({ how: 'date', text: '3. November 09:12' })).toBe(
      'Keine Antwort seit dem 3. November 09:12\u00a0Uhr',
    );
  });
});

describe('the language', () => {
  it.each([
    [['de-AT', 'en'], 'de', 'de-AT'],
    [['fr-FR', 'de', 'en'], 'de', 'de'],
    [['en-IN'], 'en', 'en-IN'],
    [['fr', 'it'], 'en', 'en'],
    [[], 'en', 'en'],
    [['DE-ch'], 'de', 'DE-ch'],
    [['en_US@posix', 'de'], 'de', 'de'],
  ])('for %j is %s, with the times of %s', (preferred, language, locale) => {
    expect(pickLanguage(preferred)).toEqual({ language, locale });
  });
});
