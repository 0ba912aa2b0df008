import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Load, Loaded } from './generatorProcess.ts';

const PROCESS = fileURLToPath(new URL('./generatorProcess.ts', import.meta.url));

export type Generator = ReturnType<typeof startGenerator>;

/** Starts the process that sends requests. */
export function startGenerator() {
  const child = fork(PROCESS);
  return {
    /** @throws Error an answer was not 200: that is no measurement. */
    async load(order: Load): Promise<Loaded> {
      child.send(order);
      const [loaded] = (await once(child, 'message')) as [Loaded];
      if (loaded.failed > 0) {
        throw new Error(
          `This run is no measurement: ${loaded.failed} of ${loaded.answers} answers were not 200.`,
        );
      }
      return loaded;
    },
    stop: (): void => void child.disconnect(),
  };
}
