/**
 * The address of this app's own `POST /api/worker/run`, by the name that the platform gives it. The name of a request would be the
 * caller's word. Azure terminates TLS in front of the app; a host on this machine has none.
 */
export function runUrlIn({ WEBSITE_HOSTNAME: name }: Readonly<Record<string, string | undefined>>) {
  if (name === undefined || name === '') return undefined;
  const isHere = /^(?:localhost|127\.0\.0\.1)(?::\d+)?$/.test(name);
  return `${isHere ? 'http' : 'https'}://${name}/api/worker/run`;
}
