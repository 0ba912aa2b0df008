const LANGUAGES = ['en', 'de'] as const;
export type Language = (typeof LANGUAGES)[number];

const isLanguage = (text: string): text is Language => (LANGUAGES as readonly string[]).includes(text);

function isSupported(locale: string): boolean {
  try {
    return Intl.DateTimeFormat.supportedLocalesOf(locale).length > 0;
  } catch {
    // It is no language tag.
    return false;
  }
}

/**
 * The first language that the person reads and the page speaks; else English.
 * @param preferred BCP 47 tags, the best first, as in `navigator.languages`
 */
export function pickLanguage(preferred: readonly string[]): { language: Language; locale: string } {
  for (const locale of preferred) {
    const language = locale.split('-')[0]?.toLowerCase() ?? '';
    if (isLanguage(language) && isSupported(locale)) return { language, locale };
  }
  return { language: 'en', locale: 'en' };
}
