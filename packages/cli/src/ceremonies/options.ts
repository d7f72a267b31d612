/**
 * Options that the commands of all ceremonies have, and how their values are read.
 *
 * @module
 */
import { type Kind, LIMITS, SessionKey } from '@quorate/wire';
import { InvalidArgumentError } from 'commander';
import { randomUUID } from 'node:crypto';
import { wholeNumber } from '../numbers.ts';

/** Seconds that a command waits for the end of a session unless it is told otherwise. */
export const WAIT_SECONDS = 900;

/** Parses `--session-key`. */
export function parseSessionKey(text: string): string {
  if (SessionKey.safeParse(text).success) return text;
  throw new InvalidArgumentError('1 to 128 letters, digits, dots, colons, dashes or underscores');
}

/** Parses a text that travels: at most `max` characters, in NFC as on the wire. */
export function parseText(text: string, max: number): string {
  if (text.length > max) {
    throw new InvalidArgumentError(`at most ${max} characters, not ${text.length}`);
  }
  return text.normalize('NFC');
}

/** Names separated by commas, in NFC as on the wire. */
export function parseNames(text: string): string[] {
  const parts = text.split(',', LIMITS.parties + 1);
  if (parts.length > LIMITS.parties) throw new InvalidArgumentError(`at most ${LIMITS.parties}`);
  const names = parts.map((name) => parseText(name.trim(), LIMITS.username));
  if (names.includes('')) throw new InvalidArgumentError('names separated by commas');
  if (new Set(names).size !== names.length) throw new InvalidArgumentError('each name once');
  return names;
}

/** Parses `--wait`. */
export const parseWait: (text: string) => number = wholeNumber(1, 86_400, 'seconds, 1 to 86400');

/** A name for a session that nobody used before. */
export function newSessionKey(kind: Kind): string {
  return `${kind}-${randomUUID()}`;
}
