import type { Refusal } from '@stead/shared/browser/refusal';
import type { Words } from '../words/words.ts';

/** What happened, in words for the person at the page. */
export function refusalText(refusal: Refusal, { refusal: texts }: Words): string {
  if (refusal.state === 'offline') return texts.noAnswerText;
  if (refusal.state === 'unexpected') return texts.unexpectedText;
  return texts.problems[refusal.code];
}
