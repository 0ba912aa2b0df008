import { clearAttempts } from '@stead/shared/browser/signInAttempts';
import { useState } from 'react';
import { useSpeech } from '../words/speech.tsx';
import { NoAnswerError, press } from './controls.ts';
import { DEMO_WORDS, type DemoWords, languageOf } from './demoWords.ts';

export type Controls = {
  words: DemoWords;
  /** What the last control did, or that one is at work; empty before the first. */
  message: string;
  isBusy: boolean;
  /** Does nothing while another control is at work. Resolves to whether it was done. */
  act: (control: string) => Promise<boolean>;
};

/**
 * @param user the person's name in the stand-in
 * @param changed called after each control, so that the page reads the connection again
 */
export function useControls(user: string, changed: () => Promise<unknown>): Controls {
  const speech = useSpeech();
  const language = languageOf(speech.locale);
  const words = DEMO_WORDS[language];
  const [message, setMessage] = useState('');
  const [isBusy, setIsBusy] = useState(false);
  const act = async (control: string): Promise<boolean> => {
    if (isBusy) return false;
    setIsBusy(true);
    setMessage(speech.words.oneMoment);
    // What happens now has nothing to do with the redirects that an earlier failure led to.
    clearAttempts();
    try {
      setMessage(await press(user, control, language));
      await changed();
      return true;
    } catch (error) {
      setMessage(
        error instanceof NoAnswerError
          ? words.noAnswer(error.status, error.message)
          : error instanceof Error
            ? error.message
            : String(error),
      );
      return false;
    } finally {
      setIsBusy(false);
    }
  };
  return { words, message, isBusy, act };
}
