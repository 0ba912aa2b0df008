/** A reason not to start that the developer can repair. The message is complete, so it needs no stack. */
export class HostError extends Error {
  override name = 'HostError';
}
