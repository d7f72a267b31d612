/**
 * The log of a long-running program on stderr: JSON lines for machines, short lines for a terminal.
 *
 * @module
 */
import type { Logger } from '@quorate/agent';
import { InvalidArgumentError } from 'commander';
import { foreign, type Output } from './output.ts';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** How much is logged. */
export type LogLevel = (typeof LEVELS)[number];

/** Parses the option. */
export function parseLogLevel(text: string): LogLevel {
  const level = LEVELS.find((known) => known === text);
  if (level === undefined) throw new InvalidArgumentError(LEVELS.join(', '));
  return level;
}

/** A log on stderr. */
export function createLog(output: Output, level: LogLevel, clock: () => number = Date.now): Logger {
  const write = (at: LogLevel): Logger['info'] => {
    if (LEVELS.indexOf(at) < LEVELS.indexOf(level)) return () => undefined;
    return (fields, message) => {
      const time = new Date(clock()).toISOString();
      const line = output.options.stderr.isTTY
        ? `${time.slice(11, 19)} ${at.padEnd(5)} ${message} ${pairs(fields)}`.trimEnd()
        : JSON.stringify({ time, level: at, msg: message, ...fields });
      output.options.stderr.write(`${line}\n`);
    };
  };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

function pairs(fields: Parameters<Logger['info']>[0]): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${foreign(value)}`)
    .join(' ');
}
