/**
 * The order in which the protocol thread works: what others wait for and costs little comes before the
 * rounds with proofs, so that a new session does not stand behind the proofs of all the others.
 * Orders of one session keep their order: it starts before it receives, later rounds cost more, and an
 * end stands behind everything that was received, so that nobody escapes a lock by ending the session.
 */
import type { WorkerOrder } from './protocol.ts';

/** From this round on a message makes the receiver prove or verify. */
const FIRST_COSTLY_ROUND = 3;

/** Orders that wait. */
export class OrderQueue {
  readonly #lanes: readonly [WorkerOrder[], WorkerOrder[], WorkerOrder[]] = [[], [], []];

  add(order: WorkerOrder): void {
    this.#lanes[laneOf(order)].push(order);
  }

  /** The next order, or undefined. */
  take(): WorkerOrder | undefined {
    const [first, second, third] = this.#lanes;
    return first.shift() ?? second.shift() ?? third.shift();
  }
}

function laneOf(order: WorkerOrder): 0 | 1 | 2 {
  if (order.order === 'end') return 2;
  if (order.order !== 'receive') return 0;
  return order.frame.round < FIRST_COSTLY_ROUND ? 1 : 2;
}
