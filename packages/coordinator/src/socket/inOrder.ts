/**
 * Keeps the numbered messages of one connection in order: after a lost message it takes no other, so that no
 * cumulative acknowledgement ever covers the lost one (docs/spec/wire.md §3). The client sends them again on
 * its next connection.
 */
import type { Tx } from '../store/database.ts';

/** The order of one connection's numbered messages. */
export class InOrder {
  #arrived = 0;
  #begun = 0;
  #lost = false;

  /**
   * Call when a message arrives, and call the result as its transaction begins. The result returns false if an
   * earlier message was lost, and notes the loss of this one if the transaction fails.
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
