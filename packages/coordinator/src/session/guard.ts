/** Guards events with facts that only the store knows: whether chips are still active, whether a key is new. */
import { isCertificateExpired, reopenCertificate } from '@quorate/intent';
import type { Chips } from '../chips/index.ts';
import type { Tx } from '../store/database.ts';
import type { GuardContext, Running } from './ceremony.ts';
import type { Event } from './events.ts';
import type { SessionState } from './types.ts';

/** Returns the event, or one that ends the session instead. */
export async function guard(
  tx: Tx,
  context: GuardContext,
  { ceremony, state }: Running,
  event: Event,
): Promise<Event> {
  const { rules, work } = ceremony;
  const { chips } = context;
  const own = async (): Promise<Event> => (await work.guard(tx, context, state, event)) ?? event;
  switch (event.type) {
    case 'accepted':
      // Consent to an irrevocable act does not expire (docs/spec/destroy.md §6).
      return (
        (rules.irrevocable ? undefined : staleConsent(state, event.at)) ??
        (await inactiveChip(tx, chips, state, event.at)) ??
        own()
      );
    case 'challenged':
      // Such a session also goes on whatever happens to the other chips.
      if (rules.irrevocable) return own();
      return (
        staleConsent(state, event.at) ?? (await inactiveChip(tx, chips, state, event.at)) ?? own()
      );
    case 'finished':
    case 'requested':
    case 'declined':
    case 'relayed':
    case 'unsigned':
    case 'reported':
    case 'refuted':
    case 'ended':
    case 'excused':
    case 'delayed':
    case 'closed':
    case 'expired':
    case 'resumed':
      return own();
  }
}

/**
 * Rejects expired consent at the moment of release: a chip's certificate is good for its lifetime, not only
 * for the moment it arrives.
 */
function staleConsent(state: SessionState, at: number): Event | undefined {
  const stale = state.parties.find(({ index }) => isStale(state.answers.get(index), at));
  if (stale === undefined) return undefined;
  const details = `the consent of ${stale.username} has expired`;
  return { type: 'ended', at, code: 'expired', details, concerned: [stale.index] };
}

function isStale(answer: { readonly certificate: string } | undefined, at: number): boolean {
  return answer !== undefined && isCertificateExpired(reopenCertificate(answer.certificate), at);
}

/** Lets only active chips take part, up to the moment of release (docs/spec/wire.md §9). */
async function inactiveChip(
  tx: Tx,
  chips: Chips,
  state: SessionState,
  at: number,
): Promise<Event | undefined> {
  for (const { index, username, seId } of state.parties) {
    const chip = await chips.find(tx, seId);
    if (chip?.state === 'active' && chip.username === username) continue;
    const details = `the chip ${seId} of ${username} is ${chip?.state ?? 'unknown'}`;
    return { type: 'refuted', at, from: index, code: 'chip_unavailable', details };
  }
  return undefined;
}
