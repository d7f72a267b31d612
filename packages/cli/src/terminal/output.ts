/**
 * Where a command writes: results on stdout, everything for the eye on stderr.
 *
 * @module
 */
import { escapeForDisplay } from '@quorate/intent';
import { erase, printJson, printLine, redraw, type Tone } from './print.ts';
import type { TextStream } from './stream.ts';

/** How a command was asked to speak. */
export interface OutputOptions {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  /** One JSON object a line on stdout, nothing else there. */
  readonly json: boolean;
  /** No progress. */
  readonly quiet: boolean;
  readonly colour: boolean;
}

/** A JSON object that a machine reads. */
export type JsonObject = { readonly [name: string]: unknown };

/** The two streams of one command and how it was asked to use them. */
export class Output {
  readonly options: OutputOptions;
  #again: string | undefined;

  constructor(options: OutputOptions) {
    this.options = options;
  }

  get json(): boolean {
    return this.options.json;
  }

  /** Whether the eye is at a terminal whose lines may be rewritten. */
  get interactive(): boolean {
    return this.options.stderr.isTTY === true && !this.json && !this.options.quiet;
  }

  /** Columns of the terminal; some terminals report zero. */
  get columns(): number {
    return this.options.stderr.columns || 80;
  }

  /** One JSON object on stdout, in JSON mode only. */
  event(event: JsonObject): void {
    if (this.json) printJson(this.options.stdout, event);
  }

  /** The command that shows the result again when it could not be written. */
  get again(): string | undefined {
    return this.#again;
  }

  /** The result: one JSON object, or the lines that a person reads. `again`: the command that shows it once more. */
  result(result: JsonObject, lines: readonly string[], again?: string): void {
    this.#again = again;
    if (this.json) printJson(this.options.stdout, { event: 'result', ...result });
    else this.lines(lines);
  }

  /** A JSON object in a form of its own. */
  plainJson(value: JsonObject): void {
    printJson(this.options.stdout, value);
  }

  /** Lines on stdout that are no result. */
  lines(lines: readonly string[]): void {
    for (const line of lines) printLine(this.options.stdout, line);
  }

  /** A line for the eye; absent with --quiet. */
  note(text: string, tone: Tone = 'plain'): void {
    if (!this.options.quiet) printLine(this.options.stderr, text, this.#tone(tone));
  }

  /** A line that is shown even with --quiet. */
  warn(text: string): void {
    printLine(this.options.stderr, `warning: ${text}`, this.#tone('warning'));
  }

  /** A line that the next one replaces, where {@link interactive}. */
  draw(text: string, tone: Tone): void {
    redraw(this.options.stderr, text, this.#tone(tone));
  }

  /** Erases the drawn line. */
  erase(): void {
    if (this.interactive) erase(this.options.stderr);
  }

  #tone(tone: Tone): Tone {
    return this.options.colour ? tone : 'plain';
  }
}

/** Text that somebody else chose, made fit for a terminal. */
export function foreign(text: unknown): string {
  return escapeForDisplay(typeof text === 'string' ? text : (JSON.stringify(text) ?? ''));
}

/** A table with a heading, columns as wide as their content. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [heading, ...rows];
  const widths = heading.map((_, at) => Math.max(...all.map((row) => (row[at] ?? '').length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd();
  return all.map(line);
}
