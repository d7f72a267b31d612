/**
 * The streams of this process.
 *
 * @module
 */
import { processTerminal } from '@quorate/agent';
import type { TextStream } from './output.ts';

/** A stream of this process, whose lines never break into a question at the terminal. */
export function throughTerminal(stream: NodeJS.WriteStream): TextStream {
  return {
    write: (text) => processTerminal().write(text, stream),
    get isTTY() {
      return stream.isTTY;
    },
    get columns() {
      return stream.columns;
    },
  };
}
