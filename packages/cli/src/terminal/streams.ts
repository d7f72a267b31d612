/**
 * The streams of this process. A reader that went away, or a full disk under a redirection, ends nothing: what
 * could not be written is remembered, and whoever wants to know is told.
 *
 * @module
 */
import { processTerminal } from '@quorate/holder';
import { messageOf } from '../errors.ts';
import type { Loss, TextStream } from './stream.ts';

/** A stream of this process, whose lines never break into a question at the terminal. */
export class ProcessStream implements TextStream {
  readonly #stream: NodeJS.WriteStream;
  readonly #told: ((loss: Loss) => void)[] = [];
  #loss: Loss | undefined;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    // Without a listener the process ends at the first error; it stays for the life of the process.
    stream.on('error', (error) => this.#lost(error));
  }

  get isTTY(): boolean {
    return this.#stream.isTTY;
  }

  get columns(): number {
    return this.#stream.columns;
  }

  get loss(): Loss | undefined {
    return this.#loss;
  }

  write(text: string): void {
    processTerminal().write(text, this.#stream);
  }

  onLoss(told: (loss: Loss) => void): void {
    this.#told.push(told);
  }

  settled(): Promise<void> {
    return new Promise((resolve) => {
      // The callback comes after everything before it, and the error event in the turn after that.
      this.#stream.write('', () => setImmediate(resolve));
    });
  }

  #lost(error: Error): void {
    if (this.#loss !== undefined) return;
    const closed = 'code' in error && (error.code === 'EPIPE' || error.code === 'EIO');
    this.#loss = { closed, why: closed ? 'nobody reads it any more' : messageOf(error) };
    for (const tell of this.#told) tell(this.#loss);
  }
}
