import { readEvent } from './readEvent.ts';

/** What a start prints, and where. */
export type Terminal = {
  /** For the person. */
  say(text: string): void;
  /** Takes a line of the host, for programs; undefined if people read. */
  json: ((line: string) => void) | undefined;
};

/** With `isJson`, stdout has the events of the functions and nothing else, so that a program can read it. */
export function createTerminal(isJson: boolean): Terminal {
  const say = (text: string) => void (isJson ? process.stderr : process.stdout).write(`${text}\n`);
  const json = (line: string) => {
    const event = readEvent(line);
    if (event === undefined) say(line);
    else process.stdout.write(`${JSON.stringify(event)}\n`);
  };
  return { say, json: isJson ? json : undefined };
}
