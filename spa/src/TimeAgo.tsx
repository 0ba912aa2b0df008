import { absoluteText, relativeText } from './times.ts';
import { useNow } from './useNow.ts';

export function TimeAgo({ at }: { at: string }) {
  const now = useNow(10_000);
  const time = new Date(at);
  return (
    <time dateTime={at} title={absoluteText(time)}>
      {relativeText(time, now)}
    </time>
  );
}
