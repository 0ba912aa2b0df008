/**
 * Child process of `azurite.ts`: the azurite package with its own command line, until the parent disconnects or
 * dies. Not to be started by hand.
 */

/** Longer than it takes to write everything down; a client that never finishes its request is not waited for. */
const CLOSE_PATIENCE_MS = 4_000;

process.once('disconnect', () => {
  setTimeout(() => process.exit(), CLOSE_PATIENCE_MS).unref();
  const stillStarting = !process.emit('message', 'shutdown', undefined);
  if (stillStarting) process.exit();
});

// A terminal's Ctrl-C reaches every process in it, but Azurite is still needed until the parent says otherwise.
process.on('SIGINT', () => {});
process.on('newListener', (event, listener) => {
  if (event === 'SIGINT') process.nextTick(() => process.off(event, listener));
});

// By name, because the package has no types.
const azurite: string = 'azurite/dist/src/azurite.js';
await import(azurite);

export {};
