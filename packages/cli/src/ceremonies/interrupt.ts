/**
 * Ctrl-C while a session runs.
 *
 * @module
 */
import { EXIT } from '../exitCodes.ts';
import { errorEvent } from '../explain.ts';
import type { Output } from '../terminal/output.ts';

/**
 * Says what Ctrl-C means while a session runs: it goes on without us, and the same request follows it.
 * Gives a function that takes this back.
 */
export function explainInterrupt(output: Output, sessionKey: string): () => void {
  const explain = (): void => {
    output.warn(`session ${sessionKey} goes on without this program`);
    const hint = `to follow it, give ${sameCommand(sessionKey)}`;
    output.note(hint);
    output.note(`to end it: quorate sessions cancel ${sessionKey}`);
    const exit = EXIT.interrupted;
    output.event(errorEvent({ code: 'interrupted', message: 'interrupted', hint, exit }));
    process.exit(EXIT.interrupted);
  };
  process.once('SIGINT', explain);
  return () => process.off('SIGINT', explain);
}

/** What shows the result of a session once more. */
export function sameCommand(sessionKey: string): string {
  return `the same command with --session-key ${sessionKey}`;
}
