/**
 * The one error class whose text is for the person at the terminal.
 *
 * @module
 */
import { systemCode, systemReason } from '@quorate/wire';
import { EXIT, type ExitCode } from './exitCodes.ts';

interface CliErrorOptions {
  readonly exit: ExitCode;
  /** The way out. */
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

/** Code of an error about a port that another program has. */
export const PORT_IN_USE = 'port_in_use';

/** Where a server was to listen, and where a person chooses that. */
export interface Listening {
  readonly host: string;
  readonly port: number;
  /** How to choose another port and another address, e.g. `with --port`. */
  readonly choosePort: string;
  readonly chooseHost: string;
}

/** Says why a server cannot listen and where to choose something else; any other error as it is. */
export function notListening(error: unknown, listening: Listening): unknown {
  const { host, port, choosePort, chooseHost } = listening;
  const options = { exit: EXIT.usage, cause: error };
  switch (systemCode(error)) {
    case 'EADDRINUSE': {
      const message = `port ${port} is in use; choose another ${choosePort}`;
      return new CliError(PORT_IN_USE, message, options);
    }
    case 'EACCES': {
      const message = `port ${port} needs administrator rights; choose one from 1024 ${choosePort}`;
      return new CliError('port_refused', message, options);
    }
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN': {
      const message = `${host} is not an address of this machine; choose another ${chooseHost}`;
      return new CliError('no_such_address', message, options);
    }
    case undefined:
    default:
      return error;
  }
}

/** The person pressed Ctrl-C. */
export function interruption(): CliError {
  return new CliError('interrupted', 'interrupted', { exit: EXIT.interrupted });
}

/** A check failed that the command exists to make. */
export function notVerified(message: string): CliError {
  return new CliError('not_verified', message, { exit: EXIT.notVerified });
}

/** The text of any thrown value; of an operating system's error its explanation, not its call. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? systemReason(error) : String(error);
}
