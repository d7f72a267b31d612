/**
 * The one place that prints. Whoever wrote a text, a terminal sees no character of it that would move the
 * cursor, change its direction or hide something; styles and erasing are put around it here.
 *
 * @module
 */
import { printable, printableJson } from '@quorate/intent';
import { styleText } from 'node:util';
import type { TextStream } from './stream.ts';

const ERASE = '\r\u001b[2K';

/** Looks of a piece of text, named by what it says. */
export type Tone = 'plain' | 'dim' | 'good' | 'bad' | 'warning' | 'strong';

const STYLES = {
  dim: 'dim',
  good: 'green',
  bad: 'red',
  warning: 'yellow',
  strong: 'bold',
} as const;

function styled(text: string, tone: Tone): string {
  const safe = printable(text);
  return tone === 'plain' ? safe : styleText(STYLES[tone], safe, { validateStream: false });
}

/** Prints one line; a line feed in it is shown as such. */
export function printLine(stream: TextStream, line: string, tone: Tone = 'plain'): void {
  stream.write(`${styled(line, tone)}\n`);
}

/** Prints one JSON object a line. */
export function printJson(stream: TextStream, value: unknown): void {
  stream.write(`${printableJson(value)}\n`);
}

/** Prints lines of our own, such as a help text, that may have words of others in them. */
export function printText(stream: TextStream, text: string): void {
  stream.write(text.split('\n').map(printable).join('\n'));
}

/** Rewrites the last line of a terminal, which has no end yet. */
export function redraw(stream: TextStream, text: string, tone: Tone): void {
  stream.write(`${ERASE}${styled(text, tone)}`);
}

/** Takes the line back that {@link redraw} drew. */
export function erase(stream: TextStream): void {
  stream.write(ERASE);
}
