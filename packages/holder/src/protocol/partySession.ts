/**
 * One session in its protocol thread: channel, protocol machine, and the wiping of everything that it held.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { KeyUnsafe, Message, Session } from '@quorate/tss';
import { type Channel, createChannel, type OpenedMessage } from '../channel/channel.ts';
import { createEphemeralKeys, type EphemeralKeys } from '../channel/keys.ts';
import type { PeerKeys, RoundFrame, SignedMessage } from './frames.ts';

/** How a session ended, with the evidence in the form that was signed. */
export type PartyOutcome<T> =
  | { readonly status: 'completed'; readonly output: T }
  | {
      readonly status: 'aborted';
      readonly reason: string;
      readonly culprits: readonly number[];
      /** Parties that run other parameters; the caller knows whether they certified the own ones. */
      readonly differing: readonly number[];
      readonly bans: readonly number[];
      /** Whether a two-party key must be locked now. */
      readonly keyUnsafe: KeyUnsafe | null;
      readonly round: number;
      readonly message: string;
      readonly evidence: readonly SignedMessage[];
      /** The error of our own behind it, for a local log. */
      readonly cause?: unknown;
    };

/** The fate of a received frame; of an ignored one, whether the session still waits for a good one in its place. */
export type Received =
  | { readonly ignored: string; readonly awaited: boolean }
  | { readonly ignored: null; readonly frames: readonly RoundFrame[] };

/** The ephemeral keys and nonce that a session's certificate names. */
export interface Preparation {
  readonly nonce: Uint8Array;
  readonly keys: EphemeralKeys;
}

/** Makes what one certificate certifies. */
export function prepare(): Preparation {
  return { nonce: new Uint8Array(randomBytes(32)), keys: createEphemeralKeys() };
}

/** Runs one protocol machine over the wire form of its messages. */
export class PartySession<T> {
  readonly #channel: Channel;
  readonly #session: Session<T>;
  /** Messages that were accepted, one a slot; two where a peer equivocated, which ends the session. */
  readonly #opened: OpenedMessage[] = [];
  /** Slots that are taken, with the hash of the body as it travelled. */
  readonly #taken = new Map<string, Buffer>();
  readonly #privateBodies: Uint8Array[] = [];

  constructor(
    session: Session<T>,
    binding: {
      readonly sid: Uint8Array;
      readonly index: number;
      readonly keys: EphemeralKeys;
      readonly peers: readonly PeerKeys[];
    },
  ) {
    this.#session = session;
    this.#channel = createChannel(binding);
  }

  /** The first frames. */
  start(): readonly RoundFrame[] {
    return this.#seal(this.#session.start());
  }

  /**
   * Opens a frame and hands it to the protocol; a frame that is not authentic changes nothing. Recognises a repeated frame
   * by its slot and bytes before decrypting anything, and keeps nothing that the protocol does not take.
   */
  receive(frame: RoundFrame): Received {
    const { round, from, to } = frame;
    const sealed = Buffer.from(frame.body, 'base64');
    const slot = `${round}/${from}/${to}`;
    const hash = createHash('sha256').update(sealed).digest();
    if (this.#taken.get(slot)?.equals(hash) === true)
      return { ignored: 'duplicate', awaited: false };
    const signature = Buffer.from(frame.signature, 'base64');
    const opened = this.#channel.open({ round, from, to, body: sealed, signature });
    if (typeof opened === 'string') return { ignored: opened, awaited: this.#awaits(frame) };
    const { disposition, send } = this.#session.receive({ round, from, to, body: opened.body });
    if (disposition !== 'accepted') {
      if (to !== null) opened.plaintext.fill(0);
      return { ignored: disposition, awaited: false };
    }
    this.#taken.set(slot, hash);
    this.#opened.push(opened);
    if (to !== null) this.#privateBodies.push(opened.plaintext);
    return { ignored: null, frames: this.#seal(send) };
  }

  /** The round whose messages are awaited, and of whom. */
  get waiting(): { readonly round: number; readonly peers: readonly number[] } {
    return { round: this.#session.round, peers: this.#session.waitingFor() };
  }

  /** How it ended, or undefined while it runs. */
  get outcome(): PartyOutcome<T> | undefined {
    const { outcome } = this.#session;
    if (!outcome || outcome.status === 'completed') return outcome;
    return { ...outcome, evidence: this.#evidence(outcome.evidence) };
  }

  /** Wipes keys and private messages. */
  close(): void {
    this.#channel.close();
    try {
      this.#session.close();
    } finally {
      this.#wipe();
    }
  }

  #wipe(): void {
    for (const body of this.#privateBodies) body.fill(0);
    this.#privateBodies.length = 0;
    this.#opened.length = 0;
    this.#taken.clear();
  }

  #awaits({ round, from }: RoundFrame): boolean {
    const { waiting } = this;
    if (this.#session.outcome !== undefined || round < waiting.round) return false;
    return round > waiting.round || waiting.peers.includes(from);
  }

  #seal(messages: readonly Message[]): readonly RoundFrame[] {
    return messages.map((message) => {
      if (message.to !== null) this.#privateBodies.push(message.body);
      const sealed = this.#channel.seal(message);
      return {
        round: sealed.round,
        from: sealed.from,
        to: sealed.to,
        body: Buffer.from(sealed.body).toString('base64'),
        signature: Buffer.from(sealed.signature).toString('base64'),
      };
    });
  }

  #evidence(messages: readonly Message[]): SignedMessage[] {
    return messages.flatMap((message) => {
      const opened = this.#opened.find((one) => isSame(one, message));
      if (!opened) return [];
      return [
        {
          round: opened.round,
          from: opened.from,
          to: opened.to,
          plaintext: Buffer.from(opened.plaintext).toString('base64'),
          signature: Buffer.from(opened.signature).toString('base64'),
        },
      ];
    });
  }
}

function isSame(opened: OpenedMessage, message: Message): boolean {
  return (
    opened.round === message.round &&
    opened.from === message.from &&
    opened.to === message.to &&
    Buffer.compare(opened.body, message.body) === 0
  );
}
