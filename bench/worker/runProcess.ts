import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

type Said = { say: string };

/** A process of its own for one module beside this one; it ends when it is disconnected, or with this process. */
export function runProcess<To extends object, From extends Said>(module: string) {
  const child = fork(fileURLToPath(new URL(module, import.meta.url)));
  const gone = once(child, 'exit').then(([code]) => {
    throw new Error(`${module} ended with code ${code} before it was done.`);
  });
  // In the end it is gone, and nobody waits for anything.
  gone.catch(() => {});

  const listen = <S extends From['say']>(what: S, listener: (message: Extract<From, { say: S }>) => void) =>
    child.on('message', (message: From) => {
      if (message.say === what) listener(message as Extract<From, { say: S }>);
    });

  return {
    say: (message: To): void => void child.send(message),
    listen,
    /** @throws Error when the process ends first. */
    hear: <S extends From['say']>(what: S) =>
      Promise.race([new Promise<Extract<From, { say: S }>>((resolve) => listen(what, resolve)), gone]),
    stop(): void {
      if (child.connected) child.disconnect();
    },
  };
}
