/** Lines of a table in columns as wide as their widest cell; the first row is the heading. */
export function tableLines(rows: readonly (readonly string[])[]): string[] {
  const [heading = [], ...rest] = rows;
  const widths = heading.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lineOf = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [lineOf(heading), widths.map((width) => '─'.repeat(width)).join('  '), ...rest.map(lineOf)];
}
