/** A fault of our own in a session, as a local log may hold it. */
import { IntentError } from '@quorate/intent';
import { TssError } from '@quorate/tss';
import { CodedError } from '../errors.ts';

/** Frames that are kept: enough to find the place. */
const FRAMES = 12;

/** The facts about a fault. */
export interface Fault {
  readonly name: string;
  readonly code: string | null;
  /** Only of an error that this project words itself. */
  readonly message: string | null;
  readonly at: readonly string[];
}

/**
 * Describes an error for the log.
 *
 * Security: an error of the runtime may quote the value that it could not use (BigInt, JSON), and a value of a session
 * may be a secret. The log gets only the name, the code and the place of such an error.
 */
export function faultOf(error: unknown): Fault {
  if (!(error instanceof Error)) return { name: typeof error, code: null, message: null, at: [] };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null;
  const at = (error.stack ?? '')
    .replace(error.message, '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, FRAMES)
    .map((line) => line.trim());
  return { name: error.name, code, message: isOurs(error) ? error.message : null, at };
}

function isOurs(error: Error): boolean {
  return (
    error instanceof TssError ||
    error instanceof IntentError ||
    error instanceof CodedError ||
    error.message.startsWith('unreachable: ')
  );
}
