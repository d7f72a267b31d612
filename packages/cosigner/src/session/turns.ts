/**
 * The turns of the sessions that this server orders: so many with one partner run at once, and the others wait in the
 * order in which they came. A queue here costs neither side a deadline of a step.
 */

import { CosignerError } from '../errors.ts';

/** Gives a turn to the next session. */
type GiveUp = () => void;

interface Lane {
  running: number;
  readonly waiting: Set<(giveUp: GiveUp) => void>;
}

/** The turns of one server. */
export class Turns {
  readonly #most: number;
  /** By partner; one with neither a running nor a waiting session takes no memory. */
  readonly #lanes = new Map<string, Lane>();

  /** `most`: with one partner at once. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Sessions that wait. */
  get waiting(): number {
    return [...this.#lanes.values()].reduce((sum, { waiting }) => sum + waiting.size, 0);
  }

  /** Waits for a turn with a partner; a session that is over by then leaves the line, and never gets it. */
  take(partner: string, over: AbortSignal): Promise<GiveUp> {
    return new Promise((resolve) => {
      if (over.aborted) return;
      const lane = this.#lanes.get(partner) ?? { running: 0, waiting: new Set() };
      this.#lanes.set(partner, lane);
      const begin = (giveUp: GiveUp): void => {
        over.removeEventListener('abort', leave);
        resolve(giveUp);
      };
      const leave = (): void => {
        lane.waiting.delete(begin);
        this.#next(partner, lane);
      };
      over.addEventListener('abort', leave, { once: true });
      lane.waiting.add(begin);
      this.#next(partner, lane);
    });
  }

  #next(partner: string, lane: Lane): void {
    for (const begin of lane.waiting) {
      if (lane.running >= this.#most) return;
      lane.waiting.delete(begin);
      lane.running += 1;
      begin(
        once(() => {
          lane.running -= 1;
          this.#next(partner, lane);
        }),
      );
    }
    if (lane.running === 0) this.#lanes.delete(partner);
  }
}

/** The turn of one session. */
export class OwnTurn {
  readonly #turns: Turns;
  readonly #over: AbortSignal;
  /** Milliseconds of a session's time without which nothing could be made of a turn. */
  readonly #least: number;
  #giveUp: GiveUp | undefined;

  /** `over` says that the session needs none any more; deadlines in seconds. */
  constructor(
    turns: Turns,
    { session, step }: { readonly session: number; readonly step: number },
    over: AbortSignal,
  ) {
    this.#turns = turns;
    this.#least = Math.min(session / 10, step) * 1000;
    this.#over = over;
    over.addEventListener('abort', () => this.giveUp(), { once: true });
  }

  /** Waits for it; `left` is the session's time in milliseconds. @throws CosignerError `too_many_sessions` */
  async take(partner: string, left: () => number): Promise<void> {
    this.#giveUp = await this.#turns.take(partner, this.#over);
    if (this.#over.aborted) return this.giveUp();
    if (left() >= this.#least) return;
    this.giveUp();
    throw new CosignerError('too_many_sessions', 'its turn did not come in time');
  }

  /** Gives it to the next session, if it was had. */
  giveUp(): void {
    this.#giveUp?.();
    this.#giveUp = undefined;
  }
}

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (!done) work();
    done = true;
  };
}
