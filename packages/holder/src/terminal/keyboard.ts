/**
 * The one reader of a program's input. It reads while a question stands, or for as long as the program lives
 * (`keep`), and ignores every byte that no question has asked for.
 *
 * It reads a terminal key by key, so it knows a line that began before the question and ignores it as a whole.
 * Bytes of a pipe do not tell when somebody wrote them: the reader ignores everything that it can read when the
 * question appears, and the rest of a line that had begun.
 */

const [INTERRUPT, LINE_FEED, SUSPEND, QUIT] = [0x03, 0x0a, 0x1a, 0x1c];
const SIGNALS: ReadonlySet<number> = new Set([INTERRUPT, SUSPEND, QUIT]);
/** Turns of the event loop without a byte after which nothing waits to be read. */
const QUIET_TURNS = 3;
/** An input that never pauses does not keep a question from being asked. */
const MAX_TURNS = 100;

/** The part of stdin that a keyboard needs. */
export interface InputStream {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
  resume(): unknown;
  pause(): unknown;
  ref?(): unknown;
  unref?(): unknown;
  on(event: 'data', listener: (chunk: Uint8Array) => void): unknown;
  on(event: 'end' | 'close' | 'error', listener: () => void): unknown;
  off(event: 'data', listener: (chunk: Uint8Array) => void): unknown;
  off(event: 'end' | 'close', listener: () => void): unknown;
}

/** The reader of everything that somebody types. */
export interface KeyboardReader {
  /** Takes bytes and returns how many it used; the keyboard ignores the rest. */
  feed(chunk: Uint8Array): number;
  /** Nobody will ever type again. */
  ended(): void;
  /** The program was suspended, and goes on. */
  continued(): void;
  /** Takes Ctrl-C for itself; without it the whole program is interrupted. */
  readonly interrupted?: (() => void) | undefined;
}

/** A program's input. */
export class Keyboard {
  readonly #input: InputStream;
  readonly #interrupt: () => void;
  #reader: KeyboardReader | undefined;
  #attached = false;
  #survives = false;
  #kept = false;
  #ended = false;
  #received = 0;
  /** The last byte was not the end of a line. */
  #midLine = false;
  /** The present reader came in the middle of a line, whose rest is not for it. */
  #oldLine = false;

  constructor(input: InputStream, interrupt: () => void) {
    this.#input = input;
    this.#interrupt = interrupt;
  }

  /** Whether the input comes key by key. */
  get isTerminal(): boolean {
    return this.#input.isTTY === true && this.#input.setRawMode !== undefined;
  }

  /** Reads from now on, whether or not a question stands; that does not keep the program alive. */
  keep(): void {
    if (this.#kept) return;
    this.#kept = true;
    this.#begin();
    this.#input.unref?.();
    process.on('SIGCONT', this.#continued);
  }

  /** Gives the input back. */
  release(): void {
    process.off('SIGCONT', this.#continued);
    this.#kept = false;
    this.#reader = undefined;
    if (!this.#attached) return;
    this.#stop();
    this.#attached = false;
    this.#input.off('data', this.#onData);
    // The listener of errors stays: without one the next error would end the program.
    this.#input.off('end', this.#onEnd);
    this.#input.off('close', this.#onEnd);
  }

  /**
   * Reads for a question, after it has ignored everything that was typed before. False when there will never be
   * anything to read.
   */
  async open(): Promise<boolean> {
    this.#begin();
    this.#input.ref?.();
    let quiet = 0;
    for (let turn = 0; quiet < QUIET_TURNS && turn < MAX_TURNS; turn += 1) {
      const before = this.#received;
      await new Promise<void>((resolve) => setImmediate(resolve));
      quiet = this.#received === before ? quiet + 1 : 0;
    }
    return !this.#ended;
  }

  /** The question is over. */
  close(): void {
    this.#reader = undefined;
    if (this.#kept) this.#input.unref?.();
    else this.#stop();
  }

  /** Hands everything that somebody types from now on to a reader, or ignores it. */
  read(reader: KeyboardReader | undefined): void {
    this.#reader = reader;
    this.#oldLine = this.#midLine && !this.isTerminal;
    if (this.#ended) reader?.ended();
  }

  #begin(): void {
    if (!this.#attached) {
      this.#attached = true;
      this.#input.on('data', this.#onData);
      this.#input.on('end', this.#onEnd);
      this.#input.on('close', this.#onEnd);
    }
    if (!this.#survives) this.#input.on('error', this.#onEnd);
    this.#survives = true;
    if (this.isTerminal) this.#input.setRawMode?.(true);
    this.#input.resume();
  }

  #stop(): void {
    if (this.isTerminal) this.#input.setRawMode?.(false);
    this.#input.pause();
  }

  readonly #onData = (chunk: Uint8Array): void => {
    this.#received += chunk.length;
    if (this.isTerminal && chunk.some((byte) => SIGNALS.has(byte))) {
      const suspend = chunk.includes(SUSPEND);
      chunk.fill(0);
      if (suspend) this.#suspend();
      else (this.#reader?.interrupted ?? this.#interrupt)();
      return;
    }
    this.#midLine = chunk.at(-1) !== LINE_FEED;
    for (let rest = chunk; rest.length > 0 && this.#reader !== undefined; ) {
      rest = rest.subarray(this.#feed(this.#reader, rest));
    }
  };

  /** The number of bytes that are dealt with; a reader that is done leaves the rest to nobody. */
  #feed(reader: KeyboardReader, chunk: Uint8Array): number {
    if (!this.#oldLine) {
      const used = reader.feed(chunk);
      return this.#reader === reader ? used : chunk.length;
    }
    const end = chunk.indexOf(LINE_FEED);
    if (end === -1) return chunk.length;
    this.#oldLine = false;
    return end + 1;
  }

  readonly #onEnd = (): void => {
    if (this.#ended) return;
    this.#ended = true;
    this.#reader?.ended();
  };

  /** Key by key a terminal makes no signal of Ctrl-Z. */
  #suspend(): void {
    this.#input.setRawMode?.(false);
    process.kill(process.pid, 'SIGTSTP');
    // This runs when the program goes on, and at once where nobody could continue it and it was not stopped.
    setImmediate(this.#continued);
  }

  /** The shell had the terminal in its own mode meanwhile; to set what seems to be set already has no effect. */
  readonly #continued = (): void => {
    if (!this.isTerminal) return;
    this.#input.setRawMode?.(false);
    this.#input.setRawMode?.(true);
    this.#reader?.continued();
  };
}
