/**
 * The injected log. It has the shape of pino, so a pino logger fits.
 * Security: no caller passes shares, openers, bodies, PINs, tokens or authorisations to it.
 */

/** Fields of a log line: facts that are public within the session. */
export type LogFields = Readonly<
  Record<string, string | number | boolean | null | undefined | readonly (string | number)[]>
>;

/** Takes the log lines of a program. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

/** A logger that writes nothing. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
