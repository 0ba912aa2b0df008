/** A search whose test has timed out still runs, and would share the `Date` that it replaces with the next one. */
export function oneAtATime() {
  let running: Promise<unknown> = Promise.resolve();
  return {
    begin<T>(search: Promise<T>): Promise<T> {
      running = search;
      return search;
    },
    ended: (): Promise<void> => running.then(() => undefined),
  };
}
