/** A reason not to start which the developer can mend. The message is complete: no stack is needed to act on it. */
export class HostError extends Error {
  override name = 'HostError';
}
