/** The view of a new session for REST. */
import { hex0x } from '@quorate/two-party';
import type { TwoPartySession as SessionView } from '@quorate/wire';
import type { KeyRecord } from '../store/keyRecords.ts';
import type { Proposal, SessionContext } from './context.ts';

/** The view of a session before its first step. */
export function firstView(
  { now, own }: Pick<SessionContext, 'now' | 'own'>,
  { id, type, partner, initiator, keySessionId, message }: Proposal,
  key: KeyRecord | undefined,
): SessionView {
  const at = now();
  return {
    session_id: id,
    type,
    status: 'created',
    step: null,
    partner: partner.name,
    initiator: initiator === 'own' ? own.name : partner.name,
    key_session_id: keySessionId,
    address: key?.address ?? null,
    public_key: key === undefined ? null : `0x${key.public_key}`,
    message: message?.text ?? null,
    hash: message?.hash ?? null,
    digest: message === null ? null : hex0x(message.digest),
    signature: null,
    error: null,
    created_at: at,
    updated_at: at,
  };
}
