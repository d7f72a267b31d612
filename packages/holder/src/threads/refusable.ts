/** Refusals for a fault of this machine or its input, before anything is sent. */
import { TssError } from '@quorate/tss';
import { CodedError } from '../errors.ts';

/** A refusal; `code` is undefined where the error has none. */
interface Refusable {
  readonly code: string | undefined;
  readonly message: string;
}

/** Turns an error of a session's start into a refusal; undefined for a fault of our own. */
export function refusable(error: unknown): Refusable | undefined {
  const isKnown =
    error instanceof TssError || error instanceof RangeError || error instanceof CodedError;
  if (!isKnown) return undefined;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return { code, message: error.message };
}
