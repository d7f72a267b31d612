/**
 * One run of one protocol by one party, as a state machine without I/O: messages in, messages out,
 * one outcome. It drives the parts that all protocols share: slots for messages (mailbox.ts), their
 * bodies (bodies.ts), and the outcome of an AbortError (outcome.ts).
 *
 * Messages given to `receive` must have been authenticated by the caller: a signature of the sender
 * over session, round, sender, recipient and body (docs/spec/channel.md §2). Without it nobody may be
 * blamed, let alone banned.
 */
import { Bodies } from './bodies.ts';
import { AbortError } from './errors.ts';
import { isMessage, Mailbox, type Message, partOf } from './mailbox.ts';
import type { SessionOptions } from './options.ts';
import { abortedBy, type Outcome } from './outcome.ts';
import type { Protocol, Step } from './protocol.ts';

/** The result of `receive`. */
export interface Receipt {
  readonly disposition: 'accepted' | 'duplicate' | 'ignored';
  /** Messages to send now. */
  readonly send: readonly Message[];
}

export class Session<T> {
  readonly #protocol: Protocol<T>;
  readonly #peers: readonly number[];
  readonly #mailbox: Mailbox;
  readonly #bodies: Bodies;
  #step: Step | undefined;
  #started = false;
  #outcome: Outcome<T> | undefined;

  constructor(protocol: Protocol<T>, options: SessionOptions) {
    this.#protocol = protocol;
    this.#peers = options.parties.filter((party) => party !== options.index);
    this.#mailbox = new Mailbox(options.index, this.#peers, options.shape);
    this.#bodies = new Bodies(options, this.#peers, this.#mailbox);
  }

  /** The outcome, or undefined while the session runs. */
  get outcome(): Outcome<T> | undefined {
    return this.#outcome;
  }

  /** The round whose messages are awaited, from 1; 0 before `start`. */
  get round(): number {
    return this.#step?.round ?? 0;
  }

  /** Peers whose messages of the current round are missing, sorted. Silence is not guilt. */
  waitingFor(): number[] {
    const round = this.round;
    if (this.#outcome !== undefined || round === 0) return [];
    return this.#peers.filter((peer) => !this.#mailbox.complete(round, peer));
  }

  /**
   * Begins, and returns the messages that depend on no peer's: none if `close` or an early message has ended
   * the session already.
   */
  start(): Message[] {
    if (this.#outcome !== undefined) return [];
    if (this.#started) throw new Error('unreachable: a session starts once');
    this.#started = true;
    return this.#guard(() => {
      const first = this.#advance(this.#protocol.next());
      return [...first, ...this.#proceed()]; // goes on where this party awaits nothing
    });
  }

  /** Ends a session that nobody needs any more, and wipes its secrets. */
  close(): void {
    if (this.#outcome !== undefined) return;
    this.#abort(new AbortError({ reason: 'aborted-by-peer', message: 'called off' }));
  }

  /**
   * Takes one authenticated message and returns the messages to send because of it. Ignores a value that is
   * no message, and a message that has no slot.
   */
  receive(message: Message): Receipt {
    if (this.#outcome !== undefined || !isMessage(message)) return ignored;
    const filed = this.#mailbox.file(message);
    if (filed === 'ignored') return ignored;
    if (filed === 'duplicate') return { disposition: 'duplicate', send: [] };
    const send = this.#guard(() => {
      if (filed !== 'conflict') return this.#started ? this.#proceed() : [];
      const first = this.#mailbox.find(message.round, message.from, partOf(message));
      throw equivocation(first === undefined ? [message] : [first, message]);
    });
    return { disposition: 'accepted', send };
  }

  /** Runs rounds as long as their messages are all here. */
  #proceed(): Message[] {
    const sent: Message[] = [];
    while (this.#outcome === undefined && this.waitingFor().length === 0) {
      const heard = this.#bodies.read(this.#current());
      sent.push(...this.#advance(this.#protocol.next(heard)));
    }
    return sent;
  }

  #advance(result: IteratorResult<Step, T>): Message[] {
    if (result.done === true) {
      this.#end({ status: 'completed', output: result.value });
      return [];
    }
    this.#step = result.value;
    return this.#bodies.compose(result.value);
  }

  #current(): Step {
    if (this.#step === undefined) throw new Error('unreachable: not started');
    return this.#step;
  }

  /** Nothing that a peer sends may throw out of a session. */
  #guard(work: () => Message[]): Message[] {
    try {
      return work();
    } catch (error) {
      this.#abort(error);
      return [];
    }
  }

  #abort(error: unknown): void {
    this.#end(abortedBy(error, this.round, this.#mailbox));
  }

  /** Sets the outcome once, lets the protocol wipe its secrets, and wipes the messages. */
  #end(outcome: Outcome<T>): void {
    if (this.#outcome !== undefined) throw new Error('unreachable: a session ends once');
    this.#outcome = outcome;
    this.#protocol.return(undefined as never);
    this.#mailbox.wipe();
    this.#bodies.release();
  }
}

const ignored: Receipt = { disposition: 'ignored', send: [] };

const equivocation = (conflicting: readonly [Message, ...Message[]]): AbortError => {
  const [{ from }] = conflicting;
  const message = `party ${from} signed two different messages for one round`;
  return new AbortError({ reason: 'equivocation', culprits: [from], message, conflicting });
};
