const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** True for an address on this machine. It needs no TLS, because the traffic does not leave the machine. */
export const isLoopback = ({ hostname }: URL): boolean => LOOPBACK.has(hostname);
