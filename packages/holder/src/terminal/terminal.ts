/**
 * The one owner of a program's terminal: one question at a time, lines of the log above it and never in it.
 */
import { printable } from '@quorate/intent';
import {
  type Editor,
  type EditorOptions,
  editAtTerminal,
  editUnseen,
  readFromPipe,
  type Screen,
} from './editors.ts';
import { type InputStream, Keyboard } from './keyboard.ts';

/** The streams of a terminal. */
export interface TerminalStreams {
  readonly input: InputStream;
  readonly output: Screen;
  /** The effect of Ctrl-C on the program; by default the usual one. */
  readonly interrupt?: () => void;
}

/** The end of a question. */
export type Typed<T> =
  | { readonly kind: 'typed'; readonly typed: T }
  /** Nobody needs the answer any more. */
  | { readonly kind: 'void' }
  /** Nobody can type anything any more. */
  | { readonly kind: 'closed' }
  /** Ctrl-C, where the question takes it for itself. */
  | { readonly kind: 'interrupted' };

/** The events that end a question from outside. */
export interface QuestionOptions {
  readonly signal?: AbortSignal;
  /** Ctrl-C ends the question in place of the program. */
  readonly takesInterrupt?: boolean;
}

/** The terminal for the time of one question, with its repetitions. */
export interface Turn {
  /** Shows a line, without a character in it that a terminal obeys. */
  say(line: string): void;
  /** Waits for a line, which is seen as it is typed. */
  line(prompt: () => string, options?: QuestionOptions): Promise<Typed<string>>;
  /** Waits for a line that nobody sees. The bytes belong to the caller, who wipes them. */
  secret(prompt: () => string, options?: QuestionOptions): Promise<Typed<Uint8Array>>;
}

/** A terminal. */
export class Terminal {
  readonly #keyboard: Keyboard;
  readonly #screen: Screen;
  #standing: Editor | undefined;
  /** Parts of lines that came while a question stood. */
  #parts = new Map<Screen, string>();
  #last: Promise<unknown> = Promise.resolve();

  constructor({ input, output, interrupt }: TerminalStreams) {
    this.#screen = output;
    // A terminal that went away ends no program by itself.
    output.on('error', () => undefined);
    this.#keyboard = new Keyboard(
      input,
      interrupt ?? (() => void process.kill(process.pid, 'SIGINT')),
    );
  }

  /** Whether somebody can type: the input is a terminal. */
  get canAsk(): boolean {
    return this.#keyboard.isTerminal;
  }

  /** Whether somebody sees a question and can answer it. */
  get isAttended(): boolean {
    return this.canAsk && this.#screen.isTTY === true;
  }

  /** Owns the input from now on, whether or not a question stands, and ignores everything typed in between. */
  keep(): void {
    this.#keyboard.keep();
  }

  /** Gives the input back. */
  release(): void {
    this.#keyboard.release();
  }

  /** Writes to the screen, or to another stream that may be the same screen. */
  write(text: string, stream: Screen = this.#screen): void {
    const standing = this.#standing;
    if (standing === undefined || (stream !== this.#screen && stream.isTTY !== true)) {
      stream.write(text);
      return;
    }
    const all = (this.#parts.get(stream) ?? '') + text;
    const end = all.lastIndexOf('\n') + 1;
    this.#parts.set(stream, all.slice(end));
    if (end === 0) return;
    standing.hide();
    stream.write(all.slice(0, end));
    standing.show();
  }

  /**
   * Takes the terminal for one question; the others wait. Nothing that was typed before is an answer to it.
   * Without any input left it is taken all the same, and every question ends as `closed`.
   */
  turn<T>(work: (turn: Turn) => Promise<T>): Promise<T> {
    const mine = this.#last.then(async () => {
      await this.#keyboard.open();
      try {
        return await work(this.#turn);
      } finally {
        this.#keyboard.close();
      }
    });
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  readonly #turn: Turn = {
    say: (line) => this.write(`${printable(line)}\n`),
    line: (prompt, options = {}) => {
      const edit = this.canAsk ? editAtTerminal : readFromPipe;
      return this.#ask<string>((done) => edit(this.#editing(prompt, done)), options);
    },
    secret: (prompt, options = {}) =>
      this.#ask<Uint8Array>((done) => editUnseen(this.#editing(prompt, done)), options),
  };

  #editing<T>(prompt: () => string, done: (typed: T) => void): EditorOptions<T> {
    return { screen: this.#screen, prompt: () => printable(prompt()), done };
  }

  #ask<T>(
    edit: (done: EditorOptions<T>['done']) => Editor,
    { signal, takesInterrupt = false }: QuestionOptions,
  ): Promise<Typed<T>> {
    if (signal?.aborted === true) return Promise.resolve({ kind: 'void' });
    return new Promise((resolve) => {
      const end = (how: Typed<T>): void => {
        if (this.#standing !== editor) return;
        if (how.kind !== 'typed') editor.hide();
        this.#standing = undefined;
        this.#keyboard.read(undefined);
        signal?.removeEventListener('abort', moot);
        this.#writeParts();
        resolve(how);
      };
      const moot = (): void => end({ kind: 'void' });
      const editor = edit((typed) => end({ kind: 'typed', typed }));
      this.#standing = editor;
      editor.show();
      signal?.addEventListener('abort', moot, { once: true });
      this.#keyboard.read({
        feed: (chunk) => editor.feed(chunk),
        ended: () => end({ kind: 'closed' }),
        continued: () => {
          editor.hide();
          editor.show();
        },
        ...(takesInterrupt ? { interrupted: () => end({ kind: 'interrupted' }) } : {}),
      });
    });
  }

  #writeParts(): void {
    const parts = this.#parts;
    this.#parts = new Map();
    for (const [stream, text] of parts) stream.write(text);
  }
}

let ofProcess: Terminal | undefined;

/** The terminal of this process: stdin, and stderr for what is shown. Every question has to go through it. */
export function processTerminal(): Terminal {
  return (ofProcess ??= new Terminal({ input: process.stdin, output: process.stderr }));
}
