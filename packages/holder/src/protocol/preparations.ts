/** The ephemeral keys of sessions that are certified and have not started. */
import { type Preparation, prepare } from './partySession.ts';
import type { Prepared } from '../threads/control.ts';

/** The preparations of one thread, each for one session. */
export class Preparations {
  readonly #prepared = new Map<string, Preparation>();

  /** Makes the keys of a session; gives what its certificate is to name. */
  make(id: string): Prepared {
    const preparation = prepare();
    this.#prepared.set(id, preparation);
    const { nonce, keys } = preparation;
    return { nonce, x25519: keys.x25519, ed25519: keys.ed25519 };
  }

  /** Takes them for good; undefined when there are none. */
  take(id: string): Preparation | undefined {
    const preparation = this.#prepared.get(id);
    this.#prepared.delete(id);
    return preparation;
  }

  /** Ends a session that did not start. */
  discard(id: string): void {
    this.#prepared.delete(id);
  }
}
