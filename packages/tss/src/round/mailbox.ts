/**
 * Keeps the first message of every slot (round, sender, part) and tells duplicates from
 * equivocation. Bounded: one message a slot, and only slots that the protocol has.
 */

/** One protocol message; `to` null is the broadcast part of its round. */
export interface Message {
  readonly round: number;
  readonly from: number;
  readonly to: number | null;
  readonly body: Uint8Array;
}

/** Whether a value that claims to be a message has the types of one; a proxy of bytes has not. */
export function isMessage(value: unknown): value is Message {
  if (typeof value !== 'object' || value === null) return false;
  const { round, from, to, body } = value as Record<keyof Message, unknown>;
  const numbers = to === null ? [round, from] : [round, from, to];
  return numbers.every(Number.isInteger) && body instanceof Uint8Array && ArrayBuffer.isView(body);
}

/** The parts that a round has. */
export interface RoundShape {
  readonly all: boolean;
  readonly each: boolean;
}

/** The fate of a message put into the mailbox. */
export type Filed = 'new' | 'duplicate' | 'conflict' | 'ignored';

/** The part of its round that a message is. */
export const partOf = ({ to }: Message): 'all' | 'each' => (to === null ? 'all' : 'each');

export class Mailbox {
  readonly #index: number;
  readonly #peers: ReadonlySet<number>;
  readonly #shape: readonly RoundShape[];
  readonly #slots = new Map<string, Message>();

  constructor(index: number, peers: readonly number[], shape: readonly RoundShape[]) {
    this.#index = index;
    this.#peers = new Set(peers);
    this.#shape = shape;
  }

  /** Files a message in its slot. The first one stays, whatever comes later. */
  file(message: Message): Filed {
    if (!this.#belongs(message)) return 'ignored';
    const key = slotKey(message.round, message.from, partOf(message));
    const first = this.#slots.get(key);
    if (first === undefined) {
      this.#slots.set(key, { ...message, body: new Uint8Array(message.body) });
      return 'new';
    }
    return sameBytes(first.body, message.body) ? 'duplicate' : 'conflict';
  }

  /** The first message of a slot. */
  find(round: number, from: number, part: 'all' | 'each'): Message | undefined {
    return this.#slots.get(slotKey(round, from, part));
  }

  /** Everything that a party said and that may show its fault: its broadcasts up to a round, its direct message of it. */
  saidUntil(round: number, from: number): Message[] {
    const rounds = Array.from({ length: round }, (_, at) => at + 1);
    const broadcasts = rounds.map((number) => this.find(number, from, 'all'));
    return [...broadcasts, this.find(round, from, 'each')].filter(
      (message) => message !== undefined,
    );
  }

  /** Wipes all messages. */
  wipe(): void {
    for (const { body } of this.#slots.values()) body.fill(0);
    this.#slots.clear();
  }

  /** Whether every part of that round has come from that peer. */
  complete(round: number, from: number): boolean {
    const shape = this.#shape[round - 1];
    if (shape === undefined) return false;
    return (
      (!shape.all || this.find(round, from, 'all') !== undefined) &&
      (!shape.each || this.find(round, from, 'each') !== undefined)
    );
  }

  #belongs({ round, from, to }: Message): boolean {
    const shape = this.#shape[round - 1];
    if (shape === undefined || !this.#peers.has(from)) return false;
    return to === null ? shape.all : shape.each && to === this.#index;
  }
}

const slotKey = (round: number, from: number, part: string): string => `${round}/${from}/${part}`;

const sameBytes = (left: Uint8Array, right: Uint8Array): boolean =>
  left.length === right.length && left.every((byte, at) => byte === right[at]);
