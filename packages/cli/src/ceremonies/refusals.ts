/**
 * A failed ceremony as the command line reports it: exit code and way out.
 *
 * @module
 */
import { AgentError, CeremonyError } from '@quorate/agent';
import { CliError } from '../errors.ts';
import { EXIT, type ExitCode } from '../exitCodes.ts';
import { foreign } from '../terminal/output.ts';

/** Codes of a request that is wrong in itself. */
const INPUT: ReadonlySet<string> = new Set([
  'frame_too_large',
  'invalid_message',
  'invalid_payload',
  'zero_digest',
]);

/** Codes after which the same request may well work under a new session key. */
const AGAIN: ReadonlySet<string> = new Set([
  'aborted',
  'cancelled',
  'conflicting_results',
  'expired',
  'failed',
  'invalid_certificate',
  'invalid_result',
  'participant_declined',
  'participant_restarted',
  'session_key_conflict',
  'thread_stopped',
  'timeout',
  'unrepresentable_recovery_id',
]);

function exitOf(code: string): ExitCode {
  return INPUT.has(code) ? EXIT.usage : EXIT.refused;
}

function hintFor(code: string): { hint?: string } {
  if (code === 'unknown_outcome') {
    return {
      hint: 'somebody may hold a signature: before you ask again, make sure that both signatures cannot take effect',
    };
  }
  if (code === 'store_unavailable') {
    return { hint: 'nothing changed; quorate health tells when the coordinator works again' };
  }
  if (code === 'key_destroyed' || code === 'key_destroying') {
    return { hint: 'quorate keys show lists the state of each shard' };
  }
  return AGAIN.has(code) ? { hint: 'ask again under a new session key' } : {};
}

/** A failed ceremony as an error that says what happened and what to do. */
export function refusalOf(error: unknown): unknown {
  if (error instanceof CeremonyError) {
    return new CliError(error.code, foreign(error.message), {
      exit: exitOf(error.code),
      ...hintFor(error.code),
      cause: error,
    });
  }
  if (error instanceof AgentError && error.code === 'link/refused') {
    return new CliError('refused', error.message, {
      exit: EXIT.unauthorised,
      hint: 'you need the role coordinator, and a valid login or token',
      cause: error,
    });
  }
  return error;
}
