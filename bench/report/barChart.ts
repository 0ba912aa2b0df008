/** One bar: the median, with a line from the tenth to the ninetieth percentile. */
export type Bar = { label: string; median: number; p10: number; p90: number; isOurs: boolean };

const [WIDTH, LABELS, ROW, TOP] = [640, 150, 30, 44];
const SPACE_FOR_TEXT = 80;
/** In light and in dark pages. The page's own style is not known to an image. */
const STYLE =
  'text{font:13px system-ui,sans-serif;fill:#1f2328}.bar{fill:#8c959f}.ours{fill:#0969da}.range{stroke:#1f2328;stroke-width:1.5}' +
  '@media(prefers-color-scheme:dark){text{fill:#f0f6fc}.range{stroke:#f0f6fc}.ours{fill:#4493f8}}';

/** Draws bars as an SVG image. @param title what is measured, with its unit */
export function barChart(title: string, bars: readonly Bar[]): string {
  const height = TOP + bars.length * ROW + 6;
  const most = Math.max(...bars.map(({ p90 }) => p90));
  const x = (value: number) => round(LABELS + (value / most) * (WIDTH - LABELS - SPACE_FOR_TEXT));
  const rows = bars.map(({ label, median, p10, p90, isOurs }, index) => {
    const y = TOP + index * ROW;
    const middle = y + 11;
    return [
      `<text x="${LABELS - 8}" y="${y + 15}" text-anchor="end">${escaped(label)}</text>`,
      `<rect class="${isOurs ? 'ours' : 'bar'}" x="${LABELS}" y="${y}" width="${round(x(median) - LABELS)}" height="22"/>`,
      `<line class="range" x1="${x(p10)}" y1="${middle}" x2="${x(p90)}" y2="${middle}"/>`,
      `<text x="${round(Math.max(x(p90), x(median)) + 8)}" y="${y + 15}">${Number(median.toPrecision(3))}</text>`,
    ].join('\n');
  });
  const text = [title, ...bars.map(({ label, median }) => `${label} ${Number(median.toPrecision(3))}`)].join(
    ', ',
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(text)}">`,
    `<style>${STYLE}</style>`,
    `<text x="0" y="18" font-weight="600">${escaped(title)}</text>`,
    ...rows,
    '</svg>',
    '',
  ].join('\n');
}

const round = (value: number): number => Number(value.toFixed(1));

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
