/**
 * Ctrl-C while a session runs.
 *
 * @module
 */
import { EXIT } from '../exitCodes.ts';
import { errorEvent } from '../explain.ts';
import type { Output } from '../terminal/output.ts';

/**
 * Explains Ctrl-C while a session runs: the session goes on without this program, and the same request follows
 * it. Returns a function that removes the explanation.
 */
export function explainInterrupt(output: Output, sessionKey: string): () => void {
  const explain = (): void => {
    output.warn(`session ${sessionKey} goes on without this program`);
    const hint = `to follow it, run ${sameCommand(sessionKey)}`;
    output.note(hint);
    output.note(`to end it: quorate sessions cancel ${sessionKey}`);
    const exit = EXIT.interrupted;
    output.event(errorEvent({ code: 'interrupted', message: 'interrupted', hint, exit }));
    process.exit(EXIT.interrupted);
  };
  process.once('SIGINT', explain);
  return () => process.off('SIGINT', explain);
}

/** The command that shows the result of a session once more. */
export function sameCommand(sessionKey: string): string {
  return `the same command with --session-key ${sessionKey}`;
}
