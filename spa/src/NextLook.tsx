import { clockText, relativeText } from './times.ts';
import { useNow } from './useNow.ts';

/** When Stead looks next. The countdown is for the eye alone: said aloud every second, it would drown the page. */
export function NextLook({ at }: { at: string }) {
  const now = useNow(1_000);
  const time = new Date(at);
  return (
    <p className="next-look">
      Next look at <time dateTime={at}>{clockText(time, now)}</time>
      <span aria-hidden="true"> · {time <= now ? 'any moment now' : relativeText(time, now)}</span>
    </p>
  );
}
