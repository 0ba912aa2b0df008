import { ServiceRefusal } from './tableModel.ts';
import { LateEffect, type Request } from './world.ts';

const noAnswer = () => new ServiceRefusal('ECONNRESET');

/**
 * How a request to a storage service may go wrong. `unavailable`: the service refuses for now. `lost`: it was done, and nobody
 * hears of it. `repeated`: the answer was lost, so the SDK sent it again and got another answer. `late`: nobody waits any
 * more, and it may still be done.
 */
export const storageFaults = <T>(changes: boolean): Request<T>['faults'] => ({
  unavailable() {
    throw new ServiceRefusal('ServerBusy', 503);
  },
  ...(changes && {
    repeated(effect: () => T): T {
      effect();
      return effect();
    },
    lost(effect: () => T): T {
      effect();
      throw noAnswer();
    },
    late(): T {
      throw new LateEffect(noAnswer());
    },
  }),
});
