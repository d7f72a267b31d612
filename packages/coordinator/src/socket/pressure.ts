/**
 * Back-pressure on one connection: reading stops while too many of its messages are being processed, while it
 * waits for its registration, or while it sends faster than its rate. No message is lost; the sender just
 * waits.
 */
import { type Rates, RATES } from '../limits/defaults.ts';
import type { Clock } from '../clock.ts';
import { Bucket } from '../limits/buckets.ts';
import type { Transport } from './frameWriter.ts';

/** Messages being processed before reading stops. */
const MAX_IN_WORK = 256;
/** Messages in a burst, and per second after that. */
export type MessageRates = Pick<Rates, 'messagesAtOnce' | 'messagesPerSecond'>;

/** Decides when a transport may be read. */
export class Pressure {
  readonly #transport: Pick<Transport, 'pause' | 'resume'>;
  readonly #clock: Clock;
  readonly #bucket: Bucket;
  #inWork = 0;
  #held = false;
  #throttled = false;
  #paused = false;
  #stopped = false;
  #cancel: () => void = () => undefined;

  constructor(
    transport: Pick<Transport, 'pause' | 'resume'>,
    clock: Clock,
    { messagesAtOnce, messagesPerSecond }: MessageRates = RATES,
  ) {
    this.#transport = transport;
    this.#clock = clock;
    this.#bucket = new Bucket(messagesAtOnce, messagesPerSecond, clock.elapsed());
  }

  /** Counts received messages; above the rate, reading stops for as long as they were too early. */
  received(messages: number): void {
    const wait = this.#bucket.take(messages, this.#clock.elapsed());
    if (wait === 0 || this.#stopped) return;
    this.#cancel();
    this.#throttled = true;
    this.#cancel = this.#clock.after(wait, () => {
      this.#throttled = false;
      this.#update();
    });
    this.#update();
  }

  started(): void {
    this.#inWork += 1;
    this.#update();
  }

  finished(): void {
    this.#inWork -= 1;
    this.#update();
  }

  /** Holds reading while messages wait for a registration. */
  hold(held: boolean): void {
    this.#held = held;
    this.#update();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  #update(): void {
    const busy = this.#held || this.#throttled || this.#inWork >= MAX_IN_WORK;
    if (busy === this.#paused || this.#stopped) return;
    this.#paused = busy;
    if (busy) this.#transport.pause();
    else this.#transport.resume();
  }
}
