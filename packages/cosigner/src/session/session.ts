/** One session at this side: it hears events one after another, and has done what follows before it hears the next. */
import { messageOf } from '@quorate/holder';
import {
  type Asked,
  type Certified,
  decodePartner,
  type Happening,
  isLiving,
  open,
  reduce,
  type Refusal,
  type State,
} from '@quorate/two-party';
import type { CosignerCode, TwoPartySession as SessionView } from '@quorate/wire';
import { CosignerError } from '../errors.ts';
import type { PeerMessage } from '../peer/connection.ts';
import type { Proposal, SessionContext } from './context.ts';
import { EffectRunner } from './effects.ts';
import { factsOf, termsOf } from './facts.ts';

/** How a session begins. */
export interface Beginning {
  /** Resolves when its record is on disk. */
  readonly recorded: Promise<void>;
  /** The partner's proposal, by a certificate that holds; undefined for this side's own. */
  readonly certified?: Certified | undefined;
}

/** One session. */
export class TwoPartySession {
  readonly proposal: Proposal;
  /** Resolves when its record is on disk. */
  readonly recorded: Promise<void>;
  readonly #context: SessionContext;
  readonly #effects: EffectRunner;
  readonly #waiting: Happening[] = [];
  #state: State;
  #isBusy = false;

  constructor(context: SessionContext, proposal: Proposal, { recorded, certified }: Beginning) {
    this.proposal = proposal;
    this.recorded = recorded;
    this.#context = context;
    this.#effects = new EffectRunner(context, proposal, {
      recorded: () => recorded,
      answered: (answer) => this.#hear(answer),
      failed: (error, type) => this.#hear({ ...this.#refusalOf(error), type }),
      threadSaid: (event) => this.#hear(event),
      late: (which) => this.#hear({ type: 'late', which }),
    });
    const { key } = this.#effects;
    const asked: Asked | null =
      certified === undefined ? null : { ...certified, epoch: key?.share.epoch ?? null };
    const { state, effects } = open(termsOf(context, proposal, key), asked);
    this.#state = state;
    for (const effect of effects) this.#effects.carryOut(effect);
  }

  get id(): string {
    return this.proposal.id;
  }

  get view(): SessionView {
    return this.#effects.view;
  }

  /** Whether the partner is told nothing at the moment. */
  get isSilent(): boolean {
    return this.#state.phase === 'silent';
  }

  /** Whether the partner may have heard of the session. */
  get isShared(): boolean {
    return this.proposal.initiator === 'partner' || this.#effects.sender.hasPosted;
  }

  /** Resolves when the session ends, or after that many seconds. */
  settled(seconds: number): Promise<void> {
    return this.#effects.waiters.wait(seconds);
  }

  /** Sends everything again to a partner that is back. */
  resend(): void {
    this.#effects.sender.resend();
  }

  /** Stops repeating a message, and hears where the partner stands. */
  acknowledged(seq: number, status: string): void {
    this.#effects.sender.acknowledged(seq);
    this.#hear({ type: 'status', status });
  }

  /** Takes a message of the partner; the caller acknowledges it. */
  receive(message: PeerMessage): void {
    if (message.seq > 0 && !this.#effects.sender.isNew(message.seq)) return;
    if (!isLiving(this.#state)) return;
    const event = decodePartner(message);
    if (event !== undefined) this.#hear(event);
  }

  /** Hears that P1 uses the share, by another message; it is active already. */
  confirmed(): void {
    this.#hear({ type: 'confirmed' });
  }

  /** Ends the session from outside: the key was locked, or the server stops. */
  stop(code: CosignerCode, reason: string): void {
    this.#hear({ type: 'stopped', code, reason });
  }

  #hear(happening: Happening): void {
    this.#waiting.push(happening);
    if (this.#isBusy) return;
    this.#isBusy = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      for (let event: Happening | undefined = next; event !== undefined; )
        event = this.#take(event);
    }
    this.#isBusy = false;
  }

  /** Takes one event; gives the answer of what was done by that. Nothing that cannot be written ends the process. */
  #take(happening: Happening): Happening | undefined {
    try {
      const { clocks, key } = this.#effects;
      const facts = factsOf(this.#context, key, clocks.left);
      const { state, effects } = reduce(this.#state, { ...happening, facts });
      this.#state = state;
      let answer: Happening | undefined;
      for (const effect of effects) answer = this.#effects.carryOut(effect);
      return answer;
    } catch (error) {
      return { type: 'failed', ...this.#refusalOf(error, true) };
    }
  }

  /** Logs a fault of our own; one of work that the session has given up is no news, unless `logs` says so. */
  #refusalOf(error: unknown, logs = isLiving(this.#state)): Refusal {
    const reason = messageOf(error);
    if (error instanceof CosignerError) return { code: error.code, reason };
    if (logs) {
      const fields = { session_id: this.id, error: reason };
      this.#context.logger.error(fields, 'session failed');
    }
    return { code: 'internal', reason };
  }
}
