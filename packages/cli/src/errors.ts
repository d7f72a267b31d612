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
  readonly cause?: unknown;
}

/** A failure with a stable code, an exit code and, where there is one, a way out. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly code: string;
  readonly exit: ExitCode;
  readonly hint: string | undefined;

  constructor(code: string, message: string, options: CliErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.exit = options.exit;
    this.hint = options.hint;
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

/** A check failed that the command exists to make. */
export function notVerified(message: string): CliError {
  return new CliError('not_verified', message, { exit: EXIT.notVerified });
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
