import type { NoticeKind } from '../../shared/account/account.ts';
import type { Person } from './entraTypes.ts';
import { LateEffect, type ProcessLife, type World } from './world.ts';

/** Where notices are sent, and what they are signed with. */
export const RECEIVER = 'https://receiver.simulation.example/notices';
export const RECEIVER_SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

/** `none`: nobody listens. `away`: it takes nothing at first. */
export type ReceiverRule = 'none' | 'well' | 'away';

/** So many tries it does not take while it is away. */
const AWAY_FOR = 3;
/** What the receiver asks for, once, while it is away. */
const ASKED_SECONDS = 90;

/** A notice that has come to the receiver. */
export type Came = { by: ProcessLife; person: Person; id: string; what: NoticeKind };

/** Who is told of what comes to the receiver, and of whether it took it. */
export type ReceiverWatch = { onCame: (came: Came) => void; onTaken: (came: Came) => void };

/** The receiver of the application's notices, behind the injected `fetch`. It may be away, and its answers may be lost. */
export function createReceiverModel(
  world: World,
  people: readonly Person[],
  rule: ReceiverRule,
  { onCame, onTaken }: ReceiverWatch,
) {
  let refuses = rule === 'away' ? AWAY_FOR : 0;

  function read(by: ProcessLife, init: RequestInit): Came {
    const { data } = JSON.parse(String(init.body)) as {
      data: { userId: string; kind: NoticeKind };
    };
    const person = people.find(({ userId }) => userId === data.userId);
    if (person === undefined) throw new TypeError('The receiver was told of somebody who does not exist.');
    const id = new Headers(init.headers).get('webhook-id') ?? '';
    return { by, person, id, what: data.kind };
  }

  const unreachable = () => new TypeError('fetch failed');

  return {
    isReceiver: (url: string): boolean => url === RECEIVER,

    send(by: ProcessLife, init: RequestInit = {}): Promise<Response> {
      const came = read(by, init);
      return world.ask(by, {
        what: () => `receiver: ${came.what} of ${came.person.name}`,
        effect() {
          onCame(came);
          if (refuses > 0) {
            refuses -= 1;
            const isTold = came.id.charCodeAt(came.id.length - 1) % 2 === 0;
            return new Response(null, {
              status: 503,
              headers: isTold ? { 'retry-after': String(ASKED_SECONDS) } : {},
            });
          }
          onTaken(came);
          return new Response(null, { status: 204 });
        },
        changes: true,
        faults: {
          unavailable() {
            onCame(came);
            return new Response(null, { status: 503 });
          },
          lost(effect) {
            effect();
            throw unreachable();
          },
          reset() {
            throw unreachable();
          },
          late() {
            throw new LateEffect(unreachable());
          },
          moved: () =>
            new Response(null, { status: 307, headers: { location: 'https://elsewhere.example/' } }),
        },
        aborted: () => init.signal?.reason,
        signal: init.signal ?? undefined,
      });
    },
  };
}
