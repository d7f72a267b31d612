/**
 * One answer while somebody types it: at a terminal, from a pipe, or unseen. Each editor can leave the screen and
 * come back, so that other lines never break into it.
 */
import {
  clearScreenDown,
  createInterface,
  cursorTo,
  type Interface,
  moveCursor,
} from 'node:readline';
import { Readable } from 'node:stream';

const LONGEST = 1024;
const [END_OF_INPUT, BACKSPACE, LINE_FEED, CARRIAGE_RETURN, DELETE] = [
  0x04, 0x08, 0x0a, 0x0d, 0x7f,
];
const ERASE = '\r\u001b[2K';

/** The screen that shows a question. */
export interface Screen extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
}

/** An answer that somebody types. */
export interface Editor {
  /** Takes bytes and gives how many it used. */
  feed(chunk: Uint8Array): number;
  /** Shows the prompt and the answer so far. */
  show(): void;
  /** Leaves the screen as if nothing had been shown. */
  hide(): void;
}

/** The parts of every editor. */
export interface EditorOptions<T> {
  readonly screen: Screen;
  /** Asked whenever it is shown, since it may tell the time. */
  readonly prompt: () => string;
  readonly done: (typed: T) => void;
}

/** A line that is seen as it is typed, with the keys that people know. */
export function editAtTerminal({ screen, prompt, done }: EditorOptions<string>): Editor {
  let keys = new Readable();
  let lines: Interface | undefined;
  let typed = '';
  const close = (): void => {
    lines?.close();
    lines = undefined;
  };
  return {
    show: () => {
      keys = new Readable({ read: () => undefined });
      lines = createInterface({ input: keys, output: screen, terminal: true, historySize: 0 });
      lines.once('line', (line) => {
        close();
        done(line);
      });
      lines.setPrompt(prompt());
      lines.prompt();
      if (typed !== '') lines.write(typed);
    },
    hide: () => {
      if (lines === undefined) return;
      typed = lines.line;
      const { rows } = lines.getCursorPos();
      close();
      moveCursor(screen, 0, -rows);
      cursorTo(screen, 0);
      clearScreenDown(screen);
    },
    feed: (chunk) => {
      // Ctrl-D would end the input for good, and a pasted book would take minutes.
      const full = (lines?.line.length ?? 0) >= LONGEST;
      const fit = chunk.slice(0, LONGEST).filter((byte) => byte !== END_OF_INPUT);
      keys.emit('data', full ? fit.filter((byte) => EDITING.has(byte)) : fit);
      return chunk.length;
    },
  };
}

const EDITING: ReadonlySet<number> = new Set([BACKSPACE, LINE_FEED, CARRIAGE_RETURN, DELETE]);

/** A line of a pipe; the reader sees no screen, or none that can be rewritten. */
export function readFromPipe({ screen, prompt, done }: EditorOptions<string>): Editor {
  const bytes = new Uint8Array(LONGEST);
  let length = 0;
  return {
    show: () => void screen.write(prompt()),
    hide: () => void screen.write('\n'),
    feed: (chunk) => {
      const end = chunk.indexOf(LINE_FEED);
      const part = end === -1 ? chunk : chunk.subarray(0, end);
      const fit = part.subarray(0, LONGEST - length);
      bytes.set(fit, length);
      length += fit.length;
      if (end === -1) return chunk.length;
      done(new TextDecoder().decode(bytes.subarray(0, length)));
      return end + 1;
    },
  };
}

/** A secret: no echo, bytes in place of text, nothing left behind. The bytes belong to the caller, who wipes them. */
export function editUnseen({ screen, prompt, done }: EditorOptions<Uint8Array>): Editor {
  const typed = new Uint8Array(LONGEST);
  let length = 0;
  return {
    show: () => void screen.write(prompt()),
    hide: () => void screen.write(screen.isTTY === true ? ERASE : '\n'),
    feed: (chunk) => {
      const end = chunk.findIndex((byte) => ENTER.has(byte));
      const part = end === -1 ? chunk : chunk.subarray(0, end);
      for (const byte of part) length = typeByte(typed, length, byte);
      chunk.fill(0);
      if (end === -1) return chunk.length;
      screen.write('\n');
      const secret = typed.slice(0, length);
      typed.fill(0);
      done(secret);
      return end + 1;
    },
  };
}

const ENTER: ReadonlySet<number> = new Set([END_OF_INPUT, LINE_FEED, CARRIAGE_RETURN]);

/** The new length after one key; a character of several bytes goes as a whole. */
function typeByte(typed: Uint8Array, length: number, byte: number): number {
  if (byte !== BACKSPACE && byte !== DELETE) {
    if (length === LONGEST) return length;
    typed[length] = byte;
    return length + 1;
  }
  let at = length;
  do {
    if (at === 0) break;
    at -= 1;
  } while (((typed[at] ?? 0) & 0xc0) === 0x80);
  typed.fill(0, at, length);
  return at;
}
