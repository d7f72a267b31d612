/**
 * Progress of something slow: a line for every stage, rewritten in place on a terminal.
 *
 * @module
 */
import { printable } from '@quorate/intent';
import type { JsonObject, Output } from './output.ts';

/** Stages of one job, written to stderr (and as events to stdout in JSON mode). */
export class Progress {
  readonly #output: Output;
  readonly #clock: () => number;
  #label = '';
  #shown = '';
  #startedAt = 0;
  #open = false;

  constructor(output: Output, clock: () => number = () => performance.now()) {
    this.#output = output;
    this.#clock = clock;
  }

  /** Begins a stage; the one before it is closed as done. */
  stage(name: string, label: string, details: JsonObject = {}): void {
    this.done();
    this.#label = label;
    this.#shown = '';
    this.#open = true;
    this.#startedAt = this.#clock();
    this.#output.event({ event: 'stage', stage: name, ...details });
    this.#draw(label);
  }

  /** Tells where the stage stands, e.g. who is missing. */
  update(text: string, details: JsonObject = {}): void {
    if (!this.#open || text === this.#shown) return;
    this.#shown = text;
    this.#output.event({ event: 'progress', message: text, ...details });
    this.#draw(`${this.#label}: ${text}`);
  }

  /** A warning in between; the stage goes on below it. */
  warn(text: string): void {
    this.#output.erase();
    this.#output.event({ event: 'warning', message: text });
    this.#output.warn(text);
  }

  /** Closes the stage with its time. */
  done(text = ''): void {
    if (!this.#open) return;
    const seconds = (this.milliseconds() / 1000).toFixed(1);
    this.#close(`✓ ${this.#label}${text === '' ? '' : `: ${text}`} (${seconds} s)`, 'good');
  }

  /** Closes the stage as failed. */
  fail(text = ''): void {
    if (!this.#open) return;
    this.#close(`✗ ${this.#label}${text === '' ? '' : `: ${text}`}`, 'bad');
  }

  /** Milliseconds since the stage began. */
  milliseconds(): number {
    return this.#clock() - this.#startedAt;
  }

  #close(line: string, tone: 'good' | 'bad'): void {
    this.#open = false;
    this.#output.erase();
    this.#output.note(line, tone);
  }

  #draw(text: string): void {
    // Escaped before it is cut to the width: escaping makes it longer.
    const line = printable(text);
    if (this.#output.options.quiet) return;
    if (!this.#output.interactive) {
      this.#output.note(`  ${line}`, 'dim');
      return;
    }
    const width = this.#output.columns - 3;
    const short = line.length > width ? `${line.slice(0, width - 1)}…` : line;
    this.#output.draw(`· ${short}`, 'dim');
  }
}
