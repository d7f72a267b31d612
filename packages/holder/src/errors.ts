/** The errors that a holder of shares raises about its machine; outcomes of sessions are values, not errors. */
import { systemReason } from '@quorate/wire';

/** An error that this project words itself: `code` is stable, `message` is for people and quotes no secret. */
export class CodedError<Code extends string = string> extends Error {
  readonly code: Code;

  constructor(code: Code, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** Stable codes of {@link HolderError}. */
export type HolderErrorCode =
  | 'chip/rolled-back'
  | 'config/invalid'
  | 'session/refused'
  | 'shard/tampered'
  | 'store/exists'
  | 'store/failed'
  | 'store/locked'
  | 'store/mode'
  | 'store/newer-version'
  | 'store/not-found'
  | 'store/tampered'
  | 'thread_stopped';

/** An error of this machine: its chip, its files or its threads. */
export class HolderError extends CodedError<HolderErrorCode> {
  override readonly name = 'HolderError';
}

/** Tells whether a caught value is a {@link HolderError}, of one code when given. */
export function isHolderError(value: unknown, code?: HolderErrorCode): value is HolderError {
  return value instanceof HolderError && (code === undefined || value.code === code);
}

/** Tells whether a caught value says that this machine's state cannot be kept or believed. */
export function isStoreError(value: unknown): value is HolderError {
  return isHolderError(value) && value.code.startsWith('store/');
}

/** The message of any caught value, for a log line; of an operating system's error what it says, not its call. */
export function messageOf(value: unknown): string {
  return systemReason(value);
}
