/**
 * The sending half of a connection: sends stored messages in order, gathered into frames, and bounds the
 * memory that a slow reader can take.
 *
 * While a reader is slow, messages stay in the outbox; they are read from there once it has caught up.
 */
import { LIMITS } from '@quorate/wire';
import type { Numbered } from '../delivery/outbox.ts';

/** The transport under a connection. */
export interface Transport {
  /** Bytes accepted and not yet written. */
  readonly buffered: number;
  /** `written` is called when the frame has been sent, or failed. */
  send(text: string, written: () => void): void;
  close(code: number, reason: string): void;
  /** Stops and restarts reading: back-pressure against a sender that is too fast. */
  pause(): void;
  resume(): void;
}

/** Reads stored messages after a number. */
export type ReadStored = (after: number, limit: number) => Promise<readonly Numbered[]>;

const MAX_BUFFERED = 4 * 1024 * 1024;
const MAX_FRAME_BYTES = LIMITS.frame;
const MAX_BATCH = LIMITS.batch;
/** Messages read from the outbox at once: the largest take milliseconds together. */
const PAGE = 16;

/** Sends to one client. */
export class FrameWriter {
  readonly #transport: Transport;
  readonly #read: ReadStored;
  readonly #failed: (error: unknown) => void;
  #batch = false;
  #cursor = 0;
  /** While true, stored messages are read from the outbox; an offer only signals that there are more. */
  #catchingUp = true;
  #more = false;
  #closed = false;
  #gathered: string[] = [];
  #scheduled = false;
  #onDrain: (() => void) | undefined;

  constructor(transport: Transport, read: ReadStored, failed: (error: unknown) => void) {
    this.#transport = transport;
    this.#read = read;
    this.#failed = failed;
  }

  /** Whether several messages may share a frame. */
  set batch(batch: boolean) {
    this.#batch = batch;
  }

  /** Sends the messages stored after a number, and every later one. */
  start(after: number): void {
    this.#cursor = after;
    void this.#catchUp();
  }

  offer(message: Numbered): void {
    if (this.#catchingUp || this.#transport.buffered > MAX_BUFFERED) {
      this.#more = true;
      if (!this.#catchingUp) void this.#catchUp();
      return;
    }
    if (message.seq <= this.#cursor) return;
    this.#cursor = message.seq;
    this.#put(message.text);
  }

  /** Sends a message that is not stored. */
  tell(message: object): void {
    if (this.#closed) return;
    // An unstored message cannot be read later, so a client that reads nothing is disconnected without a word.
    if (this.#transport.buffered > 2 * MAX_BUFFERED) {
      this.#closed = true;
      return this.#failed(new Error('the client reads too slowly'));
    }
    this.#put(JSON.stringify(message));
  }

  /** Sends the gathered messages, and nothing after them. */
  stop(): void {
    this.#flush();
    this.#closed = true;
    this.#onDrain?.();
  }

  async #catchUp(): Promise<void> {
    this.#catchingUp = true;
    try {
      do {
        this.#more = false;
        while (await this.#sendStored());
      } while (this.#more);
      this.#catchingUp = false;
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Sends a page of stored messages and waits until it is written; false if there was none. */
  async #sendStored(): Promise<boolean> {
    if (this.#closed) return false;
    const page = await this.#read(this.#cursor, PAGE);
    for (const { seq, text } of page) {
      this.#cursor = seq;
      this.#put(text);
    }
    this.#flush();
    if (page.length > 0 && this.#transport.buffered > MAX_BUFFERED / 2) await this.#written();
    return page.length > 0;
  }

  #written(): Promise<void> {
    return new Promise((resolve) => {
      const wait = (): void => {
        if (this.#closed || this.#transport.buffered <= MAX_BUFFERED / 2) resolve();
        else this.#onDrain = wait;
      };
      wait();
    });
  }

  #put(text: string): void {
    if (this.#closed) return;
    if (!this.#batch) return this.#send(text);
    this.#gathered.push(text);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#scheduled = false;
    for (const frame of framesOf(this.#gathered.splice(0))) this.#send(frame);
  }

  #send(frame: string): void {
    if (this.#closed) return;
    this.#transport.send(frame, () => {
      const drained = this.#onDrain;
      this.#onDrain = undefined;
      drained?.();
    });
  }
}

/** Packs messages into as few frames as the limits allow; a single message is not put into an array. */
function framesOf(messages: readonly string[]): string[] {
  const frames: string[][] = [];
  let bytes = 0;
  for (const message of messages) {
    const size = Buffer.byteLength(message) + 1;
    const last = frames.at(-1);
    if (last === undefined || last.length === MAX_BATCH || bytes + size > MAX_FRAME_BYTES - 1) {
      frames.push([message]);
      bytes = size;
    } else {
      last.push(message);
      bytes += size;
    }
  }
  return frames.map((frame) => (frame.length === 1 ? frame.join() : `[${frame.join(',')}]`));
}
