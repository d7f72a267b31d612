/**
 * The one error class whose text a person at the terminal is meant to read.
 *
 * @module
 */
import { EXIT, type ExitCode } from './exitCodes.ts';

interface CliErrorOptions {
  readonly exit: ExitCode;
  /** What to do about it. */
  readonly hint?: string;
  /** More lines for people. */
  readonly details?: readonly string[];
  readonly cause?: unknown;
}

/** A failure with a stable code, an exit code and, where there is one, a way out. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly code: string;
  readonly exit: ExitCode;
  readonly hint: string | undefined;
  readonly details: readonly string[];

  constructor(code: string, message: string, options: CliErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.exit = options.exit;
    this.hint = options.hint;
    this.details = options.details ?? [];
  }
}

/** The command line, a configuration or an input file is wrong. */
export function usageError(message: string, hint?: string): CliError {
  return new CliError(
    'usage',
    message,
    hint === undefined ? { exit: EXIT.usage } : { exit: EXIT.usage, hint },
  );
}

/** Code of {@link portInUse}. */
export const PORT_IN_USE = 'port_in_use';

/** What to do about a port that another program has; nothing for any other error. */
export function portInUse(error: unknown, choose = 'with --port'): CliError | undefined {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'EADDRINUSE') {
    return undefined;
  }
  const port = 'port' in error ? `port ${String(error.port)}` : 'the port';
  const message = `${port} is in use; choose another ${choose}`;
  return new CliError(PORT_IN_USE, message, { exit: EXIT.usage, cause: error });
}

/** The person pressed Ctrl-C. */
export function interruption(): CliError {
  return new CliError('interrupted', 'interrupted', { exit: EXIT.interrupted });
}

/** A check failed that the command exists to make. */
export function notVerified(message: string): CliError {
  return new CliError('not_verified', message, { exit: EXIT.notVerified });
}

/** The text of anything that was thrown; of an operating system's error what it says, not its call. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return /^E[A-Z]+: (.+), [a-z]+(?: '.*')?$/s.exec(error.message)?.[1] ?? error.message;
}
