/** So many rows are measured; the rest are printed as they come. */
const MEASURED_ROWS = 200;

/**
 * Prints rows under a heading, in columns as wide as their widest cell. Of a long list only the first 200 rows are
 * held and measured: a wider cell after them moves the rest of its own line.
 * @param print gets one line at a time, without its end
 */
export async function printTable<C extends string>(
  columns: readonly C[],
  rows: Iterable<Readonly<Record<C, string>>> | AsyncIterable<Readonly<Record<C, string>>>,
  print: (line: string) => void | Promise<void>,
): Promise<void> {
  let measured: Readonly<Record<C, string>>[] | undefined = [];
  let widths: number[] = [];
  const lineOf = (cells: readonly string[]) =>
    cells
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd();
  const printRow = (row: Readonly<Record<C, string>>) => print(lineOf(columns.map((column) => row[column])));

  async function printMeasured(first: readonly Readonly<Record<C, string>>[]): Promise<void> {
    widths = columns.map((column) => Math.max(column.length, ...first.map((row) => row[column].length)));
    await print(lineOf(columns));
    await print(widths.map((width) => '─'.repeat(width)).join('  '));
    for (const row of first) await printRow(row);
  }

  for await (const row of rows) {
    if (measured === undefined) {
      await printRow(row);
      continue;
    }
    measured.push(row);
    if (measured.length < MEASURED_ROWS) continue;
    await printMeasured(measured);
    measured = undefined;
  }
  if (measured !== undefined) await printMeasured(measured);
}
