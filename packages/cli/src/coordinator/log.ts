/**
 * The coordinator's log in the form that its HTTP server wants.
 *
 * @module
 */
import type { ServerOptions } from '@quorate/coordinator';
import { type LogLevel, writeLog } from '../terminal/log.ts';
import type { Output } from '../terminal/output.ts';

type ServerLogger = NonNullable<ServerOptions['logger']>;
type Fields = Readonly<Record<string, unknown>>;

/** A log on stderr. Fields of a child are written with each of its lines. */
export function createServerLog(
  output: Output,
  level: LogLevel | 'silent',
  bound: Fields = {},
): ServerLogger {
  const at =
    (name: LogLevel) =>
    (first: unknown, message?: unknown): void => {
      if (level === 'silent') return;
      const fields = typeof first === 'object' && first !== null ? describe({ ...first }) : {};
      const text = typeof first === 'string' ? first : message;
      const line = typeof text === 'string' ? text : '';
      writeLog(output, level, name, { ...bound, ...fields }, line);
    };
  return {
    level,
    trace: () => undefined,
    silent: () => undefined,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    fatal: at('error'),
    child: (more: Fields) => createServerLog(output, level, { ...bound, ...more }),
  };
}

/** Errors by name and text; requests and answers are never written, they carry tokens. */
function describe(fields: Fields): Fields {
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([name]) => name !== 'req' && name !== 'res')
      .map(([name, value]) => [
        name,
        value instanceof Error ? `${value.name}: ${value.message}` : value,
      ]),
  );
}
