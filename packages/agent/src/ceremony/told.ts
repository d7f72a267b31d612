/**
 * What the others of a session are told when it ends here.
 */
import { SecureElementError } from '@quorate/secure-element';
import { type Abort, LIMITS } from '@quorate/wire';
import { isAgentError } from '../errors.ts';
import type { SessionAbort } from '../session/protocol.ts';
import { Refusal } from './refusal.ts';

/** What the others are told of an error: our own refusals in words, the rest by its code. */
export function tellableReason(error: unknown): string {
  if (error instanceof Refusal) return error.told;
  if (isAgentError(error) || error instanceof SecureElementError) return error.code;
  return 'internal_error';
}

/**
 * What the others are told of an abort. Only broadcasts go along as evidence: a pairwise message was
 * for this participant alone.
 */
export function wireAbort({ reason, round, culprits, evidence }: SessionAbort): Abort {
  const shown = evidence
    .filter((message) => message.to === null)
    .slice(0, LIMITS.evidence)
    .map(({ round, from, to, plaintext, signature }) => ({
      round,
      from,
      to,
      body: plaintext,
      signature,
    }));
  return {
    reason,
    round,
    culprits: [...culprits],
    ...(shown.length > 0 ? { evidence: shown } : {}),
  };
}
