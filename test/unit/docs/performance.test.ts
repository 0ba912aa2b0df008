/** The section of results in `docs/performance.md`, and its images, are what the results say. The prose is written by hand. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { makeReport, withReport } from '../../../bench/report/makeReport.ts';
import { readResults } from '../../../bench/report/readResults.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const document = await readFile(join(ROOT, 'docs/performance.md'), 'utf8');
const results = await readResults(join(ROOT, 'bench/results'));
const { images, lines } = makeReport(results);

describe('docs/performance.md', () => {
  it('has the results that are kept', () => {
    expect(results.map(({ benchmark }) => benchmark)).toEqual([
      'cold-start',
      'profile-slow',
      'profile-storm',
      'profile-warm',
      'seal',
      'unit',
      'worker-memory',
      'worker',
    ]);
    expect(document === withReport(document, lines), 'run npm run bench:report').toBe(true);
  });

  it('would differ with other results', () => {
    const [first, ...rest] = results;
    if (first === undefined) throw new TypeError('there are no results');
    const spread = { median: 17, p10: 16, p90: 18 };
    const other = { ...first, reach: [{ what: 'something', ratio: spread, most: 1 }] };
    const changed = withReport(document, makeReport([other, ...rest]).lines);
    expect(changed).not.toBe(document);
    expect(changed).toContain('| something | 17 (16–18) | at most 1: **not reached** |');
  });

  it('has what was measured without a reach, too', () => {
    expect(lines.filter((line) => line.endsWith('| reported |'))).toEqual(
      expect.arrayContaining([
        expect.stringMatching(
          /^\| `profile-storm` \| p99 in ms of 50 users, where an exchange takes 50 \| [\d.]+ \(/,
        ),
        expect.stringMatching(/^\| `worker` \| users\/s at 64 at a time \| [\d.]+ \|/),
        expect.stringMatching(/^\| `seal` \| opening 60 kB, of the cipher alone \| [\d.]+ \(/),
      ]),
    );
  });

  it.each([...images])('has the image %s of these results', async (name, svg) => {
    expect(await readFile(join(ROOT, 'docs/images', name), 'utf8')).toBe(svg);
    expect(document).toContain(`(images/${name})`);
  });
});
