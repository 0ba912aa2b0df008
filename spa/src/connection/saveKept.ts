import type { Connection, Profile } from '../../../shared/wire.ts';
import type { Words } from '../words/words.ts';

/** What the person gets as a file: in words first, and then as the service tells it. */
export const keptAsJson = (
  { choices }: Words,
  connection: Connection,
  profile: Profile | undefined,
  savedAt: Date,
): string =>
  JSON.stringify(
    {
      about: choices.downloadAbout,
      savedAt: savedAt.toISOString(),
      connection,
      ...(profile && { profile }),
      notIncluded: choices.downloadWithout,
      ask: choices.downloadAsk,
    },
    undefined,
    2,
  );

/** Lets the browser save what is kept of the person. Nothing is sent. */
export function saveKept(words: Words, connection: Connection, profile: Profile | undefined): void {
  const json = keptAsJson(words, connection, profile, new Date());
  const url = URL.createObjectURL(new Blob([json], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = words.choices.downloadName;
  link.click();
  URL.revokeObjectURL(url);
}
