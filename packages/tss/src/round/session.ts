/**
 * One run of one protocol by one party, as a state machine without I/O: messages in, messages out,
 * one outcome. It owns the parts that all protocols share: slots, duplicates, early messages,
 * decoding, the echo of broadcasts, and turning an AbortError into an outcome.
 *
 * Messages given to `receive` must have been authenticated by the caller: a signature of the sender
 * over session, round, sender, recipient and body (docs/spec/channel.md §2). Without it nobody may be
 * blamed, let alone banned.
 */
import { attachEcho, type Broadcast, ECHO_LENGTH, echoMatches, type EchoHash } from './echo.ts';
import { AbortError, DecodeError, partyNames } from './errors.ts';
import { isMessage, Mailbox, type Message, partOf, type RoundShape } from './mailbox.ts';
import { abortedBy, type Outcome } from './outcome.ts';
import type { Protocol, Step } from './protocol.ts';

/** The result of `receive`. */
export interface Receipt {
  readonly disposition: 'accepted' | 'duplicate' | 'ignored';
  /** Messages to send now. */
  readonly send: readonly Message[];
}

/** The input of a session besides its protocol. */
export interface SessionOptions {
  readonly index: number;
  readonly parties: readonly number[];
  readonly shape: readonly RoundShape[];
  readonly echo: EchoHash;
  /** 32 bytes over everything that the caller asked for: round 1 of every party starts with it. */
  readonly parameters: Uint8Array;
}

export class Session<T> {
  readonly #protocol: Protocol<T>;
  readonly #options: SessionOptions;
  readonly #peers: readonly number[];
  readonly #mailbox: Mailbox;
  readonly #sent = new Map<number, Uint8Array>();
  #step: Step | undefined;
  /** The start of every body in the current round: the parameters, then the echo of the round before. */
  #prefix: Uint8Array | null;
  #started = false;
  #outcome: Outcome<T> | undefined;

  constructor(protocol: Protocol<T>, options: SessionOptions) {
    this.#protocol = protocol;
    this.#options = options;
    this.#peers = options.parties.filter((party) => party !== options.index);
    this.#mailbox = new Mailbox(options.index, this.#peers, options.shape);
    this.#prefix = options.parameters;
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
      const step = this.#current();
      this.#checkPrefixes(step);
      const heard = this.#decode(step);
      this.#prefix = this.#echoOf(step);
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
    return this.#compose(result.value);
  }

  #compose(step: Step): Message[] {
    const { index } = this.#options;
    const messages: Message[] = [];
    if (step.all !== null) {
      const body = attachEcho(this.#prefix, step.all);
      this.#sent.set(step.round, body);
      messages.push({ round: step.round, from: index, to: null, body });
    }
    for (const [to, part] of step.each ?? []) {
      const body = step.all === null ? attachEcho(this.#prefix, part) : part;
      messages.push({ round: step.round, from: index, to, body });
    }
    return messages;
  }

  /** Compares the start of each body before it decodes any of them. */
  #checkPrefixes(step: Step): void {
    const prefix = this.#prefix;
    if (prefix === null) return;
    const heard = this.#peers.flatMap((peer) => {
      const body = this.#body(step.round, peer, this.#carrierOf(step));
      return body === null ? [] : [{ peer, body }]; // nobody else speaks in some rounds between two
    });
    const short = heard.filter(({ body }) => body.length < ECHO_LENGTH).map(({ peer }) => peer);
    if (short.length > 0) {
      const message = `round${step.round}: expected at least ${ECHO_LENGTH} bytes of ${partyNames(short)}`;
      throw new AbortError({ reason: 'malformed-message', culprits: short, message });
    }
    const differing = heard
      .filter(({ body }) => !echoMatches(prefix, body))
      .map(({ peer }) => peer);
    if (differing.length === 0) return;
    throw step.round === 1 ? otherParameters(differing) : this.#split(step.round - 1);
  }

  /**
   * Parties saw different broadcasts. Between two, this party holds the one broadcast that the peer signed and
   * signed its own once, so the peer's echo is false. Among more, this party cannot tell who signed two
   * versions; the signed broadcasts show it beside another party's.
   */
  #split(round: number): AbortError {
    const message = `parties saw different broadcasts in round ${round}`;
    if (this.#peers.length === 1) {
      return new AbortError({ reason: 'equivocation', culprits: this.#peers, message });
    }
    const broadcasts = this.#peers.map((peer) => this.#mailbox.find(round, peer, 'all'));
    return new AbortError({
      reason: 'equivocation',
      message: `${message}; who sent two versions cannot be told from here`,
      conflicting: broadcasts.filter((said) => said !== undefined),
    });
  }

  /** The part of a round that starts with the prefix. */
  #carrierOf(step: Step): 'all' | 'each' {
    return this.#options.shape[step.round - 1]?.all === true ? 'all' : 'each';
  }

  #decode(step: Step): ReadonlyMap<number, unknown> {
    const heard = new Map<number, unknown>();
    const culprits: number[] = [];
    const problems: string[] = [];
    for (const peer of this.#peers) {
      try {
        heard.set(
          peer,
          step.decode(peer, this.#part(step, peer, 'all'), this.#part(step, peer, 'each')),
        );
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        culprits.push(peer);
        problems.push(`party ${peer}: ${error.message}`);
      }
    }
    if (culprits.length > 0) {
      throw new AbortError({ reason: 'malformed-message', culprits, message: problems.join('; ') });
    }
    return heard;
  }

  /** A part without the start of its body. */
  #part(step: Step, peer: number, part: 'all' | 'each'): Uint8Array | null {
    const body = this.#body(step.round, peer, part);
    if (body === null) return null;
    const carries = this.#prefix !== null && part === this.#carrierOf(step);
    return carries ? body.subarray(ECHO_LENGTH) : body;
  }

  #body(round: number, peer: number, part: 'all' | 'each'): Uint8Array | null {
    return this.#mailbox.find(round, peer, part)?.body ?? null;
  }

  #echoOf(step: Step): Uint8Array | null {
    const own = this.#sent.get(step.round);
    if (own === undefined) return null;
    const broadcasts = this.#options.parties.map((from): Broadcast => {
      const body = from === this.#options.index ? own : this.#body(step.round, from, 'all');
      if (body === null) throw new Error('unreachable: a broadcast is missing');
      return { from, body };
    });
    return this.#options.echo(step.round, broadcasts);
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
    this.#sent.clear();
  }
}

const ignored: Receipt = { disposition: 'ignored', send: [] };

const otherParameters = (differing: readonly number[]): AbortError =>
  new AbortError({
    reason: 'parameters-mismatch',
    differing,
    message: `${partyNames(differing)} ${differing.length === 1 ? 'has' : 'have'} other parameters than this party`,
  });

const equivocation = (conflicting: readonly [Message, ...Message[]]): AbortError => {
  const [{ from }] = conflicting;
  const message = `party ${from} signed two different messages for one round`;
  return new AbortError({ reason: 'equivocation', culprits: [from], message, conflicting });
};
