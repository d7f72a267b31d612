/**
 * Deletions of records that everybody consented to: told at each register until the chip has signed for them,
 * as often as it takes, but no faster than a limit.
 */
import type { Chips } from '../chips/index.ts';
import type { Clock } from '../clock.ts';
import { Buckets } from '../limits/buckets.ts';
import type { Tx } from '../store/database.ts';
import type { Book } from './book.ts';
import { owesReceipt } from './reduceDestroy.ts';
import { Releases } from './releases.ts';
import { type Refusal, refuse } from './refusal.ts';
import { destructionsOf, type Loaded } from './repository.ts';
import type { Event } from './events.ts';
import type { Party } from './types.ts';

/** Messages about deletions that one user may send at once, and per second after that. */
const DELETIONS = 300;
const DELETIONS_PER_SECOND = 0.1;

/** Hands out and bounds the authorisations to delete records. */
export class Deletions {
  readonly #book: Book;
  readonly #chips: Chips;
  readonly #clock: Clock;
  readonly #rate = new Buckets(DELETIONS, DELETIONS_PER_SECOND);

  constructor(book: Book, { chips, clock }: { readonly chips: Chips; readonly clock: Clock }) {
    this.#book = book;
    this.#chips = chips;
    this.#clock = clock;
  }

  /** Counts one message of a user; false when there are too many. */
  tryTake(username: string): boolean {
    return this.#rate.tryTake(username, this.#clock.elapsed());
  }

  /** The parameters of every destruction that waits for a receipt of this participant. */
  async notices(tx: Tx, username: string): Promise<object[]> {
    const at = this.#clock.now();
    const notices: object[] = [];
    for (const sessionKey of await destructionsOf(tx, username)) {
      const loaded = await this.#book.load(tx, sessionKey);
      const party = loaded?.state.parties.find((one) => one.username === username);
      if (loaded === undefined || party === undefined) continue;
      if (!(await this.#mayDelete(tx, loaded, party)) || !this.tryTake(username)) continue;
      const releases = new Releases(tx, this.#book.context, at);
      notices.push(await releases.destroyParams(loaded.state, party));
    }
    return notices;
  }

  /** Refuses a renewal, or the news of a failure, of a chip that is not active or of a holder in a hurry. */
  async refuse(
    tx: Tx,
    loaded: Loaded,
    event: Event,
    username: string,
  ): Promise<Refusal | undefined> {
    if (loaded.state.kind !== 'destroy') return undefined;
    if (event.type !== 'challenged' && event.type !== 'delayed') return undefined;
    const party = loaded.state.parties.find((one) => one.username === username);
    if (party === undefined || !(await this.#mayDelete(tx, loaded, party))) {
      return refuse('chip_unavailable', `the chip ${party?.seId ?? ''} is not active`);
    }
    return this.tryTake(username) ? undefined : refuse('rate_limited', 'too many deletions');
  }

  async #mayDelete(tx: Tx, { state }: Loaded, party: Party): Promise<boolean> {
    if (!owesReceipt(state, party.index)) return false;
    const chip = await this.#chips.find(tx, party.seId);
    return chip?.state === 'active' && chip.username === party.username;
  }
}
