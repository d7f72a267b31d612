/**
 * Turns whatever a package threw into a code, a sentence and an exit code.
 *
 * @module
 */
import { CliError, messageOf } from './errors.ts';
import { EXIT, type ExitCode } from './exitCodes.ts';
import type { JsonObject } from './terminal/output.ts';

/** What is told about a failure. */
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
  [/^(ENOENT|EACCES|EISDIR|ENOTDIR|EEXIST|EADDRINUSE|EADDRNOTAVAIL)$/, EXIT.usage],
];

/** Explains any thrown value. */
export function explain(error: unknown): Explanation {
  if (error instanceof CliError) {
    const { code, message, hint, details, exit } = error;
    return { code, message, hint, details, exit };
  }
  const code = codeOf(error);
  const byCode = EXIT_BY_CODE.find(([pattern]) => pattern.test(code))?.[1];
  const byName = error instanceof Error ? EXIT_BY_NAME[error.name] : undefined;
  const exit = byCode ?? byName ?? EXIT.unexpected;
  const hint =
    exit === EXIT.unexpected ? 'nobody foresaw this; QUORATE_DEBUG=1 shows where' : undefined;
  return { code: code || 'unexpected', message: messageOf(error), hint, exit };
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

/** What a machine is told about a failure. */
export function errorEvent({ code, message, hint, exit }: Explanation): JsonObject {
  return { event: 'error', code, message, ...(hint ? { hint } : {}), exit_code: exit };
}
