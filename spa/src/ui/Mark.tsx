/** What a mark says without its colour. */
export type Shape = 'good' | 'bad' | 'info' | 'wait' | 'pause' | 'off';

const PATHS: Record<Shape, string> = {
  good: 'm7 12.5 3.5 3.5L17 9',
  bad: 'M12 7v6m0 3.5v.5',
  info: 'M12 11v6m0-10v.5',
  wait: 'M7.5 12h.01M12 12h.01M16.5 12h.01',
  pause: 'M9.5 8.5v7m5-7v7',
  off: 'M8 12h8',
};

/** How it stands as a shape, so that it can be told apart without its colour. */
export function Mark({ shape }: { shape: Shape }) {
  return (
    <svg className="mark" viewBox="0 0 24 24" aria-hidden="true">
      <circle cx="12" cy="12" r="11" />
      <path d={PATHS[shape]} />
    </svg>
  );
}
