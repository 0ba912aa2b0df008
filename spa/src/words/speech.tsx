import { createContext, type ReactNode, useContext } from 'react';
import { type Language, pickLanguage } from './language.ts';
import { createTimes, type Times } from './times.ts';
import type { Words } from './words.ts';

/** What the page says, and how it writes times. */
export type Speech = { words: Words; times: Times; locale: string };

/** A catalogue is loaded when it is needed, so that nobody waits for a language that they do not read. */
const CATALOGUES: Record<Language, () => Promise<(app: string) => Words>> = {
  en: async () => (await import('./en.ts')).en,
  de: async () => (await import('./de.ts')).de,
};

/** Loads the catalogue of the person's language, and tells the document which it is. */
export async function loadSpeech(): Promise<(app: string) => Speech> {
  const { language, locale } = pickLanguage(navigator.languages);
  document.documentElement.lang = language;
  const catalogue = await CATALOGUES[language]();
  const times = createTimes(locale);
  return (app) => ({ words: catalogue(app), times, locale });
}

const SpeechContext = createContext<Speech | undefined>(undefined);

export function SpeechProvider({ speech, children }: { speech: Speech; children: ReactNode }) {
  return <SpeechContext value={speech}>{children}</SpeechContext>;
}

export function useSpeech(): Speech {
  const speech = useContext(SpeechContext);
  if (speech === undefined) throw new Error('There is no SpeechProvider around this component.');
  return speech;
}

export const useWords = (): Words => useSpeech().words;
