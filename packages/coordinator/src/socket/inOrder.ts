/**
 * The numbered messages of one connection, in order: after one that was lost none is taken, so that no
 * cumulative acknowledgement ever covers it (docs/spec/wire.md §3). The client sends them again elsewhere.
 */
import type { Tx } from '../store/database.ts';

/** One connection's numbered messages. */
export class InOrder {
  #arrived = 0;
  #begun = 0;
  #lost = false;

  /**
   * To be called when a message arrives. The result is to be called as its transaction begins; it is
   * false when an earlier message was lost, and notes the loss of this one if the transaction fails.
   */
  next(): (tx: Pick<Tx, 'onRollback'>) => boolean {
    const own = this.#arrived;
    this.#arrived += 1;
    return (tx) => {
      // A transaction that never began leaves a gap here.
      if (this.#lost || own !== this.#begun) return false;
      this.#begun += 1;
      tx.onRollback(() => {
        this.#lost = true;
      });
      return true;
    };
  }
}
