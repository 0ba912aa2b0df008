import { absoluteText, relativeText } from './times.ts';

export function TimeAgo({ at, now }: { at: string; now: Date }) {
  const time = new Date(at);
  return (
    <time dateTime={at} title={absoluteText(time)}>
      {relativeText(time, now)}
    </time>
  );
}
