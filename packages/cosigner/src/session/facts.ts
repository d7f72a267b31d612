/** Tells the session of `@quorate/two-party` about this server: its terms, and the facts at an event. */
import type { Facts, KeyFacts, Meaning, Terms } from '@quorate/two-party';
import type { KeyRecord } from '../store/keyRecords.ts';
import type { Proposal, SessionContext } from './context.ts';

/** The intent of a session, as this server knows it. */
export function meaningOf(
  { config, index, own }: Pick<SessionContext, 'config' | 'index' | 'own'>,
  { id, type, partner, message }: Proposal,
): Meaning {
  return { id, type, index, own, partner, message, bits: config.paillier_bits };
}

/** The terms under which this server runs a session. */
export function termsOf(
  context: SessionContext,
  proposal: Proposal,
  key: KeyRecord | undefined,
): Terms {
  const { step, setup_step: setUpStep, approval } = context.config.deadlines;
  return {
    ...meaningOf(context, proposal),
    initiator: proposal.initiator,
    keySessionId: proposal.keySessionId,
    address: key?.address ?? null,
    asks: context.approvals.asks,
    deadlines: { step, setUpStep, approval },
  };
}

/** A key as both sides mean it. */
export function meantKey(record: KeyRecord | undefined): Omit<KeyFacts, 'lock' | 'unsaved'> | null {
  if (record === undefined) return null;
  const { key_id: keyId, share, address, paillier_bits: bits } = record;
  return { keyId, epoch: share.epoch, address, bits };
}

/** How things stand at this moment. */
export function factsOf(
  { locks, now }: Pick<SessionContext, 'locks' | 'now'>,
  record: KeyRecord | undefined,
  timeLeft: number,
): Facts {
  const meant = meantKey(record);
  if (meant === null || record === undefined) return { now: now(), timeLeft, key: null };
  const { session_id: id } = record;
  const unsaved = locks.isUnwritten(id) ? 'lock' : locks.isPending(id) ? 'record' : 'nothing';
  const { state: lock } = locks.locked(record).lock;
  return { now: now(), timeLeft, key: { ...meant, lock, unsaved } };
}
