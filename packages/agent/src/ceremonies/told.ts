/**
 * Words for the others of a session that ends here, and evidence for a third party.
 */
import { CodedError, messageOf } from '@quorate/holder';
import { toHex } from '@quorate/intent';
import { SecureElementError } from '@quorate/secure-element';
import { type Abort, LIMITS } from '@quorate/wire';
import type { SessionAbort } from '../protocol/frames.ts';
import type { CeremonyContext } from './context.ts';
import { Refusal } from './refusal.ts';

/** Puts an error into words for the others: our own refusals in full, the rest by code. */
export function tellableReason(error: unknown): string {
  if (error instanceof Refusal) return error.told;
  if (error instanceof CodedError || error instanceof SecureElementError) return error.code;
  return 'internal_error';
}

/**
 * Puts an abort into words for the others. Only broadcasts go along as evidence: a pairwise message was
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

/** Keeps the evidence that convinced this agent, for a third party; a disk that does not take it stops nothing. */
export function keepEvidence(
  context: CeremonyContext,
  sessionKey: string,
  session: {
    readonly keyId: string | null;
    readonly sid: Uint8Array;
    readonly certificates: readonly Uint8Array[];
  },
  abort: SessionAbort,
): void {
  if (abort.evidence.length === 0) return;
  const { keyId } = session;
  const key = keyId === null ? undefined : context.state.keys.find(keyId);
  try {
    context.state.evidence.write({
      key_id: keyId,
      algorithm: key?.algorithm ?? null,
      session_key: sessionKey,
      session_id: toHex(session.sid),
      reason: abort.reason,
      culprits: abort.culprits,
      round: abort.round,
      certificates: session.certificates.map((bytes) => Buffer.from(bytes).toString('base64')),
      messages: abort.evidence,
    });
  } catch (error) {
    const fields = { session_key: sessionKey, error: messageOf(error) };
    context.logger.error(fields, 'evidence not kept');
  }
}
