/** Prints lines of the result. */
export function print(...lines: string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Prints a line for whoever is waiting, on the error output. */
export function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}
