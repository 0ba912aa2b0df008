/** A line through points, or a limit: a level that is dashed. */
export type Line = { label: string; points: readonly { x: number; y: number }[]; isLimit?: boolean };

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [640, 320, 60, 170, 36, 40];
/** In light and in dark pages. The page's own style is not known to an image. */
const STYLE =
  'text{font:12px system-ui,sans-serif;fill:#1f2328}.axis{stroke:#8c959f;stroke-width:.5}path{fill:none;stroke-width:2}' +
  '.l0{stroke:#0969da}.l1{stroke:#bc4c00}.l2{stroke:#1a7f37}.l3{stroke:#8250df}.limit{stroke:#8c959f;stroke-dasharray:5 4;stroke-width:1.5}' +
  '@media(prefers-color-scheme:dark){text{fill:#f0f6fc}.l0{stroke:#4493f8}.l1{stroke:#db6d28}.l2{stroke:#3fb950}.l3{stroke:#ab7df8}}';

/** Draws lines on two logarithmic axes as an SVG image. @param title what is drawn, with its unit */
export function lineChart(title: string, lines: readonly Line[]): string {
  const points = lines.flatMap((line) => line.points);
  const [fromX, toX] = decades(points.map(({ x }) => x));
  const [fromY, toY] = decades(points.map(({ y }) => y));
  const at = (value: number, from: number, to: number) => (Math.log10(value) - from) / (to - from);
  const x = (value: number) => round(LEFT + at(value, fromX, toX) * (WIDTH - LEFT - RIGHT));
  const y = (value: number) => round(HEIGHT - BOTTOM - at(value, fromY, toY) * (HEIGHT - TOP - BOTTOM));
  const ticks = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, n) => 10 ** (from + n));
  const labels = placed(lines.map((line) => y(line.points.at(-1)?.y ?? 1)));
  const text = [title, ...lines.map(({ label, points: of }) => `${label} ${short(of.at(-1)?.y ?? 0)}`)].join(
    ', ',
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(text)}">`,
    `<style>${STYLE}</style>`,
    `<text x="0" y="18" font-weight="600">${escaped(title)}</text>`,
    ...ticks(fromY, toY).map(
      (tick) =>
        `<line class="axis" x1="${LEFT}" y1="${y(tick)}" x2="${WIDTH - RIGHT}" y2="${y(tick)}"/><text x="${LEFT - 6}" y="${y(tick) + 4}" text-anchor="end">${short(tick)}</text>`,
    ),
    ...ticks(fromX, toX).map(
      (tick) => `<text x="${x(tick)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${short(tick)}</text>`,
    ),
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 4}" text-anchor="middle">users</text>`,
    ...lines.map(({ label, points: of, isLimit }, index) =>
      [
        `<path class="${isLimit ? 'limit' : `l${index % 4}`}" d="M${of.map((point) => `${x(point.x)} ${y(point.y)}`).join('L')}"/>`,
        `<text x="${WIDTH - RIGHT + 6}" y="${round((labels[index] ?? 0) + 4)}">${escaped(label)}</text>`,
      ].join('\n'),
    ),
    '</svg>',
    '',
  ].join('\n');
}

/** The powers of ten around the values. */
function decades(values: readonly number[]): [number, number] {
  const logs = values.filter((value) => value > 0).map(Math.log10);
  return [Math.floor(Math.min(...logs)), Math.ceil(Math.max(...logs))];
}

/** Moves labels apart, in the order of their heights. */
function placed(heights: readonly number[]): number[] {
  const order = heights.map((height, index) => ({ height, index })).sort((a, b) => a.height - b.height);
  const result: number[] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const { height, index } of order) {
    last = Math.max(height, last + 15);
    result[index] = last;
  }
  return result;
}

export function short(value: number): string {
  for (const [unit, name] of [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const) {
    if (value >= unit) return `${Number((value / unit).toPrecision(3))}${name}`;
  }
  return String(Number(value.toPrecision(2)));
}

const round = (value: number): number => Number(value.toFixed(1));

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
