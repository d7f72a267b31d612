/**
 * What a client checks of a request before it is sent, and how it refuses what a coordinator says of one.
 */
import { describeIssues } from '@quorate/wire';
import type { z } from 'zod';
import { CeremonyError } from './types.ts';
import { AgentError } from '../errors.ts';

/** What the coordinator would refuse without being able to say which session it means. */
export function refuseMalformed(parsed: { success: boolean; error?: z.core.$ZodError }): void {
  if (parsed.error === undefined) return;
  throw new AgentError(
    'session/refused',
    `the request is not valid: ${describeIssues(parsed.error)}`,
  );
}

/** A completion that does not hold what it says. */
export function broken(sessionKey: string, message: string): CeremonyError {
  return new CeremonyError('invalid_result', message, '', sessionKey);
}
