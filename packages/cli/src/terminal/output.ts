/**
 * Where a command writes: results on stdout, everything for the eye on stderr.
 *
 * @module
 */
import { styleText } from 'node:util';
import { escapeForDisplay } from '@quorate/intent';

/** A stream that text goes to; a terminal says so. */
export interface TextStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  /** Why something that was written did not arrive; undefined as long as everything did. */
  readonly loss?: Loss | undefined;
  /** Tells when the first text is lost. */
  onLoss?(told: (loss: Loss) => void): void;
  /** Settles when everything that was written has arrived or is lost. */
  settled?(): Promise<void>;
}

/** Text that did not arrive. */
export interface Loss {
  /** Nobody reads any more. */
  readonly closed: boolean;
  readonly why: string;
}

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

/** Looks of a piece of text, named by what it says. */
export type Tone = 'plain' | 'dim' | 'good' | 'bad' | 'warning' | 'strong';

const STYLES = {
  dim: 'dim',
  good: 'green',
  bad: 'red',
  warning: 'yellow',
  strong: 'bold',
} as const;

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

  /** Styles text for stderr, where colour is wanted. */
  tone(text: string, tone: Tone): string {
    if (!this.options.colour || tone === 'plain') return text;
    return styleText(STYLES[tone], text, { validateStream: false });
  }

  /** One JSON object on stdout, in JSON mode only. */
  event(event: JsonObject): void {
    if (this.json) this.options.stdout.write(`${JSON.stringify(event)}\n`);
  }

  /** What shows the result again when it could not be written. */
  get again(): string | undefined {
    return this.#again;
  }

  /** The result: one JSON object, or the lines that a person reads. `again`: what shows it once more. */
  result(result: JsonObject, lines: readonly string[], again?: string): void {
    this.#again = again;
    if (this.json) this.options.stdout.write(`${JSON.stringify({ event: 'result', ...result })}\n`);
    else for (const line of lines) this.options.stdout.write(`${line}\n`);
  }

  /** A line for the eye; absent with --quiet. */
  note(text: string, tone: Tone = 'plain'): void {
    if (!this.options.quiet) this.options.stderr.write(`${this.tone(text, tone)}\n`);
  }

  /** A line that is shown even with --quiet. */
  warn(text: string): void {
    this.options.stderr.write(`${this.tone(`warning: ${text}`, 'warning')}\n`);
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
