const PlatformDate = Date;

/**
 * Replaces the platform's `Date`, because MSAL and the storage adapter read it. Dates of before and after are of one class.
 * @param now the time in milliseconds since 1970
 * @returns puts the platform's back
 */
export function replaceDate(now: () => number): () => void {
  globalThis.Date = new Proxy(PlatformDate, {
    construct: (target, given) => Reflect.construct(target, given.length === 0 ? [now()] : given),
    apply: () => new PlatformDate(now()).toString(),
    get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
  });
  return () => {
    globalThis.Date = PlatformDate;
  };
}
