const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** True for an address that never leaves this machine, so that it needs no TLS. */
export const isLoopback = ({ hostname }: URL): boolean => LOOPBACK.has(hostname);
