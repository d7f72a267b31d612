/**
 * The log of a long-running program on stderr: JSON lines for machines, short lines for a terminal.
 *
 * @module
 */
import type { Logger } from '@quorate/holder';
import { InvalidArgumentError } from 'commander';
import { foreign, type Output } from './output.ts';
import { printJson, printLine } from './print.ts';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** How much is logged. */
export type LogLevel = (typeof LEVELS)[number];

/** Parses the option. */
export function parseLogLevel(text: string): LogLevel {
  const level = LEVELS.find((known) => known === text);
  if (level === undefined) throw new InvalidArgumentError(LEVELS.join(', '));
  return level;
}

/** Writes one line, if the level asks for it. */
export function writeLog(
  output: Output,
  wanted: LogLevel,
  level: LogLevel,
  fields: Readonly<Record<string, unknown>>,
  message: string,
): void {
  if (LEVELS.indexOf(level) < LEVELS.indexOf(wanted)) return;
  const time = new Date().toISOString();
  const { stderr } = output.options;
  if (stderr.isTTY !== true) return printJson(stderr, { time, level, msg: message, ...fields });
  const words = [time.slice(11, 19), level.padEnd(5), foreign(message), pairs(fields)];
  printLine(stderr, words.join(' ').trimEnd());
}

/** The log of an agent. */
export function createLog(output: Output, wanted: LogLevel): Logger {
  const at =
    (level: LogLevel): Logger['info'] =>
    (fields, message) =>
      writeLog(output, wanted, level, fields, message);
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function pairs(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${foreign(value)}`)
    .join(' ');
}
