/**
 * Asking the person at the terminal, without echo where the answer is secret.
 *
 * @module
 */
import { interruption, usageError } from '../errors.ts';

const ENTER = new Set([0x0d, 0x0a, 0x04]);
const BACKSPACE = new Set([0x7f, 0x08]);
const INTERRUPT = 0x03;
const LONGEST = 1024;

/** The part of stdin that a prompt needs. */
interface PromptInput {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
  resume(): unknown;
  pause(): unknown;
  on(event: 'data', listener: (chunk: Uint8Array) => void): unknown;
  off(event: 'data', listener: (chunk: Uint8Array) => void): unknown;
}

/** The terminal that is asked. */
export interface PromptTerminal {
  readonly input: PromptInput;
  readonly output: { write(text: string): unknown };
}

/** Whether somebody can be asked. */
function canPrompt(terminal: PromptTerminal): boolean {
  return terminal.input.isTTY === true && terminal.input.setRawMode !== undefined;
}

/**
 * Reads one line without echo; the bytes belong to the caller, who wipes them.
 *
 * @throws CliError `usage` when nobody is at a terminal, `interrupted` after Ctrl-C
 */
export async function promptSecret(
  question: string,
  instead: string,
  terminal: PromptTerminal = { input: process.stdin, output: process.stderr },
): Promise<Uint8Array> {
  if (!canPrompt(terminal)) {
    throw usageError(`${question} cannot be asked: there is no terminal`, `use ${instead}`);
  }
  const { input, output } = terminal;
  output.write(`${question}: `);
  input.setRawMode?.(true);
  input.resume();
  try {
    return await readLine(input);
  } finally {
    input.setRawMode?.(false);
    input.pause();
    output.write('\n');
  }
}

function readLine(input: PromptInput): Promise<Uint8Array> {
  const typed = new Uint8Array(LONGEST);
  let length = 0;
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void): void => {
      input.off('data', onData);
      settle();
      typed.fill(0);
    };
    const onData = (chunk: Uint8Array): void => {
      for (const byte of chunk) {
        if (byte === INTERRUPT) {
          finish(() => reject(interruption()));
          return;
        }
        if (ENTER.has(byte)) {
          finish(() => resolve(typed.slice(0, length)));
          return;
        }
        length = typeByte(typed, length, byte);
      }
      chunk.fill(0);
    };
    input.on('data', onData);
  });
}

/** The new length after one key; a character of several bytes goes as a whole. */
function typeByte(typed: Uint8Array, length: number, byte: number): number {
  if (!BACKSPACE.has(byte)) {
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

/**
 * Asks a yes-or-no question; only `yes` is yes.
 *
 * @throws CliError `usage` when nobody is at a terminal, `interrupted` after Ctrl-C
 */
export async function confirm(
  question: string,
  instead: string,
  terminal: PromptTerminal = { input: process.stdin, output: process.stderr },
): Promise<boolean> {
  return (await promptLine(question, `${question} (yes/no)`, instead, terminal)) === 'yes';
}

/**
 * Asks for one line, which is seen as it is typed.
 *
 * @throws CliError `usage` when nobody is at a terminal, `interrupted` after Ctrl-C
 */
export async function promptLine(
  question: string,
  shown: string,
  instead: string,
  terminal: PromptTerminal = { input: process.stdin, output: process.stderr },
): Promise<string> {
  if (!canPrompt(terminal)) {
    throw usageError(`${question} cannot be asked: there is no terminal`, `use ${instead}`);
  }
  const { input, output } = terminal;
  output.write(`${shown} `);
  // With echo the terminal does not pass Ctrl-C on as a byte, but as a signal.
  let interrupt: () => void = () => undefined;
  const interrupted = new Promise<never>((_resolve, reject) => {
    interrupt = () => reject(interruption());
  });
  process.once('SIGINT', interrupt);
  input.resume();
  try {
    const typed = await Promise.race([readLine(input), interrupted]);
    return new TextDecoder().decode(typed).trim();
  } finally {
    process.off('SIGINT', interrupt);
    input.pause();
  }
}
