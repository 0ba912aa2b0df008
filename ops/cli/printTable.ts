/** So many rows are measured; the rest are printed as they come. */
const MEASURED_ROWS = 200;

type Cells = readonly string[];

/**
 * Prints rows under a heading, in columns as wide as their widest cell. Of a long list only the first 200 rows are
 * held and measured: a wider cell after them moves the rest of its own line.
 * @param print gets one line at a time, without its end
 */
export async function printTable(
  heading: Cells,
  rows: Iterable<Cells> | AsyncIterable<Cells>,
  print: (line: string) => void | Promise<void>,
): Promise<void> {
  const measured: Cells[] = [];
  let table: ReturnType<typeof layOut> | undefined;
  for await (const row of rows) {
    if (table === undefined) {
      measured.push(row);
      if (measured.length < MEASURED_ROWS) continue;
      table = layOut(heading, measured);
      for (const line of table.lines) await print(line);
    } else await print(table.lineOf(row));
  }
  if (table === undefined) for (const line of tableLines(heading, measured)) await print(line);
}

/** The same table at once, for rows that are all there. */
export const tableLines = (heading: Cells, rows: readonly Cells[]): string[] => layOut(heading, rows).lines;

function layOut(heading: Cells, rows: readonly Cells[]) {
  const widths = heading.map((name, column) =>
    Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const lineOf = (cells: Cells): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '─'.repeat(width)).join('  ');
  return { lineOf, lines: [lineOf(heading), rule, ...rows.map(lineOf)] };
}
