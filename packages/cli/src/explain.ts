/**
 * Turns any value that a package threw into a code, a sentence and an exit code.
 *
 * @module
 */
import { systemCode } from '@quorate/wire';
import { CliError, messageOf } from './errors.ts';
import { EXIT, type ExitCode } from './exitCodes.ts';
import type { JsonObject } from './terminal/output.ts';

/** A failure as people and machines are told of it. */
export interface Explanation {
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
  /** Lines for people, e.g. the last ones of a program that ended. */
  readonly details?: readonly string[];
  readonly exit: ExitCode;
}

/** Error names of the other packages, and whose fault they are. */
const EXIT_BY_NAME: Readonly<Record<string, ExitCode>> = {
  IntentError: EXIT.usage,
  ConfigError: EXIT.usage,
  ServerError: EXIT.usage,
  KeyFileError: EXIT.usage,
  InputError: EXIT.usage,
  SecureElementError: EXIT.refused,
  SetupError: EXIT.usage,
  CosignerError: EXIT.refused,
};

const EXIT_BY_CODE: readonly (readonly [RegExp, ExitCode])[] = [
  [/^(chip|config|policy|roster|store)\//, EXIT.usage],
  [/^link\/refused$/, EXIT.unauthorised],
  [/^link\//, EXIT.unreachable],
  [/^(replace|session)\//, EXIT.refused],
  // A chip was named wrongly, or something beside it is missing.
  [/^(file-exists|file-missing|input|module-missing|no-service|reader-not-found)$/, EXIT.usage],
  // Errors of the operating system about a host, a disk, and everything else.
  [/^(ECONN.*|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|EPROTO|ETIMEDOUT)$/, EXIT.unreachable],
  [/^(ENOSPC|EDQUOT|EROFS|EIO)$/, EXIT.unwritten],
];

const HINT_BY_CODE: ReadonlyMap<string, string> = new Map([
  ['file-missing', 'quorate chips init makes the chip of an agent'],
  ['store/locked', 'is the program running already?'],
]);

/** Explains any thrown value. */
export function explain(error: unknown): Explanation {
  if (error instanceof CliError) {
    const { code, message, hint, details, exit } = error;
    return { code, message, hint, details, exit };
  }
  const code = codeOf(error);
  const byCode = EXIT_BY_CODE.find(([pattern]) => pattern.test(code))?.[1];
  const byName = error instanceof Error ? EXIT_BY_NAME[error.name] : undefined;
  const bySystem = systemCode(error) === undefined ? undefined : EXIT.usage;
  const exit = byCode ?? byName ?? bySystem ?? EXIT.unexpected;
  const hint =
    exit === EXIT.unexpected
      ? 'this is unexpected: please report it; QUORATE_DEBUG=1 shows where it happened'
      : HINT_BY_CODE.get(code);
  return {
    code: code || 'unexpected',
    message: `${placeOf(error)}${messageOf(error)}`,
    hint,
    exit,
  };
}

/** The file or the host that an error of the operating system is about. */
function placeOf(error: unknown): string {
  if (systemCode(error) === undefined || !(error instanceof Error)) return '';
  if ('path' in error) return `${String(error.path)}: `;
  if ('hostname' in error) return `${String(error.hostname)}: `;
  return 'address' in error && 'port' in error
    ? `${String(error.address)}:${String(error.port)}: `
    : '';
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

/** A failure as a machine is told of it. */
export function errorEvent({ code, message, hint, exit }: Explanation): JsonObject {
  return { event: 'error', code, message, ...(hint ? { hint } : {}), exit_code: exit };
}
