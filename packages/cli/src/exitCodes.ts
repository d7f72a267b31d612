/**
 * Exit codes of every command, one table for the code, the help text and `docs/cli.md`.
 *
 * @module
 */

/** The meaning of each exit code. */
export const EXIT = {
  ok: 0,
  unexpected: 1,
  usage: 2,
  refused: 3,
  unauthorised: 4,
  unreachable: 5,
  notVerified: 6,
  unwritten: 7,
  interrupted: 130,
  forced: 137,
  closed: 141,
} as const;

/** One of the documented exit codes. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** One line for each exit code, in the order of the numbers. */
export const EXIT_MEANINGS: readonly (readonly [ExitCode, string])[] = [
  [EXIT.ok, 'done'],
  [EXIT.unexpected, 'unexpected error: please report it'],
  [EXIT.usage, 'wrong command line, configuration or input file'],
  [EXIT.refused, 'the ceremony was declined, timed out or was aborted, or the request was refused'],
  [EXIT.unauthorised, 'not logged in, or the role does not allow it'],
  [EXIT.unreachable, 'the server did not answer, or gave an unexpected answer'],
  [EXIT.notVerified, 'a signature, an export or a roster does not verify'],
  [EXIT.unwritten, 'stdout or a file could not be written, e.g. to a full disk'],
  [EXIT.interrupted, 'interrupted with Ctrl-C'],
  [EXIT.forced, 'something did not end within --stop-timeout: the program ended by force'],
  [EXIT.closed, 'done, but nobody read stdout to its end, e.g. head'],
];

/** The table as text for `--help`. */
export function exitCodeHelp(): string {
  const lines = EXIT_MEANINGS.map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`);
  return `Exit codes:\n${lines.join('\n')}`;
}
