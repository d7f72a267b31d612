/**
 * The bodies of a session's messages: composes this party's own and reads those of its peers. Each starts with a
 * prefix, by which parties that disagree notice it (echo.ts).
 */
import { attachEcho, type Broadcast, ECHO_LENGTH, echoMatches } from './echo.ts';
import { AbortError, DecodeError, partyNames } from './errors.ts';
import type { Mailbox, Message } from './mailbox.ts';
import type { SessionOptions } from './options.ts';
import type { Step } from './protocol.ts';

/** The bodies of one session at one party. */
export class Bodies {
  readonly #options: SessionOptions;
  readonly #peers: readonly number[];
  readonly #mailbox: Mailbox;
  readonly #sent = new Map<number, Uint8Array>();
  /** The start of every body in the current round: the parameters, then the echo of the round before. */
  #prefix: Uint8Array | null;

  constructor(options: SessionOptions, peers: readonly number[], mailbox: Mailbox) {
    this.#options = options;
    this.#peers = peers;
    this.#mailbox = mailbox;
    this.#prefix = options.parameters;
  }

  /**
   * Checks and decodes the peers' messages of a round, whose echo the next round starts with.
   *
   * @throws AbortError that names the parties whose bodies are malformed, or disagree
   */
  read(step: Step): ReadonlyMap<number, unknown> {
    this.#check(step);
    const heard = this.#decode(step);
    this.#prefix = this.#echoOf(step);
    return heard;
  }

  /** Releases this party's own broadcasts. */
  release(): void {
    this.#sent.clear();
  }

  /** Composes this party's messages of a round. */
  compose(step: Step): Message[] {
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
  #check(step: Step): void {
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
}

const otherParameters = (differing: readonly number[]): AbortError =>
  new AbortError({
    reason: 'parameters-mismatch',
    differing,
    message: `${partyNames(differing)} ${differing.length === 1 ? 'has' : 'have'} other parameters than this party`,
  });
