/**
 * Asking the person at the terminal, without echo where the answer is secret. Every question goes through the
 * one owner of the terminal, so that nothing typed before it is its answer.
 *
 * @module
 */
import { processTerminal, type Terminal, type Typed } from '@quorate/holder';
import { interruption, usageError } from '../errors.ts';

/**
 * Reads one line without echo; the bytes belong to the caller, who wipes them.
 *
 * @throws CliError `usage` when nobody is at a terminal, `interrupted` after Ctrl-C
 */
export async function promptSecret(
  question: string,
  instead: string,
  terminal: Terminal = processTerminal(),
): Promise<Uint8Array> {
  checkAttended(question, instead, terminal);
  return terminal.turn(async (turn) =>
    answerOf(question, await turn.secret(() => `${question}: `, { takesInterrupt: true })),
  );
}

/**
 * Asks a yes-or-no question; only `yes` is yes.
 *
 * @throws CliError `usage` when nobody is at a terminal, `interrupted` after Ctrl-C
 */
export async function confirm(
  question: string,
  instead: string,
  terminal: Terminal = processTerminal(),
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
  terminal: Terminal = processTerminal(),
): Promise<string> {
  checkAttended(question, instead, terminal);
  return terminal.turn(async (turn) => {
    const line = await turn.line(() => `${shown} `, { takesInterrupt: true });
    return answerOf(question, line).trim();
  });
}

function checkAttended(question: string, instead: string, terminal: Terminal): void {
  if (terminal.canAsk) return;
  throw usageError(`${question} cannot be asked: there is no terminal`, `use ${instead}`);
}

function answerOf<T>(question: string, answer: Typed<T>): T {
  switch (answer.kind) {
    case 'typed':
      return answer.typed;
    case 'closed':
    case 'void':
      throw usageError(`${question}: the terminal was closed before it was answered`);
    case 'interrupted':
      throw interruption();
  }
}
