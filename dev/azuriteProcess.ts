/**
 * The child process of `azurite.ts`: it runs the azurite package with its own command line until the parent disconnects
 * or dies. Do not start it by hand.
 */

/** Long enough to save all data. After that, the process does not wait for a client that never finishes its request. */
const CLOSE_PATIENCE_MS = 4_000;

process.once('disconnect', () => {
  setTimeout(() => process.exit(), CLOSE_PATIENCE_MS).unref();
  const stillStarting = !process.emit('message', 'shutdown', undefined);
  if (stillStarting) process.exit();
});

// Ctrl-C in a terminal reaches every process there, but the parent needs Azurite until it disconnects.
process.on('SIGINT', () => {});
process.on('newListener', (event, listener) => {
  if (event === 'SIGINT') process.nextTick(() => process.off(event, listener));
});

// The name is in a variable, because the package has no types.
const azurite: string = 'azurite/dist/src/azurite.js';
await import(azurite);

export {};
