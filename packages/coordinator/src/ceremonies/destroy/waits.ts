/** Explains why a destruction still waits for each holder: its chip, its user or its agent. */
import type { WaitContext } from '../../session/ceremony.ts';
import { mayParticipate } from '../../session/rights.ts';
import type { Tx } from '../../store/database.ts';
import { owesReceipt } from './reduce.ts';
import type { DestroyParty, DestroyState } from './state.ts';

/** Why an open destruction waits for a party; undefined if it does not. */
export async function whyWaiting(
  tx: Tx,
  context: WaitContext,
  state: DestroyState,
  party: DestroyParty,
): Promise<string | undefined> {
  if (state.outcome !== undefined) return undefined;
  const { index, seId, username } = party;
  if (state.phase === 'inviting') {
    return state.answers.has(index) ? undefined : join(['has not consented'], context, party);
  }
  if (!owesReceipt(state, index)) return undefined;
  const gone = state.excused.get(index);
  if (gone !== undefined) {
    return `its chip ${seId} is ${gone}: too many chips are gone to prove that the key is destroyed`;
  }
  const reasons: string[] = [];
  const chip = await context.chips.find(tx, seId);
  if (chip?.state !== 'active' || chip.username !== username) {
    reasons.push(`its chip ${seId} is ${chip?.state ?? 'unknown'}, and gets no authorisation`);
  }
  if (!mayParticipate(await context.users.find(tx, username))) reasons.push('is not a participant');
  const delay = state.delays.get(index);
  if (delay !== undefined) reasons.push(`the last attempt failed: ${delay}`);
  return join(reasons, context, party);
}

function join(
  reasons: readonly string[],
  { hub }: WaitContext,
  { username }: DestroyParty,
): string {
  const isConnected = hub
    .all()
    .some(({ recipient }) => recipient.role === 'participant' && recipient.username === username);
  const last = isConnected ? [] : ['its agent is not connected'];
  const all = [...reasons, ...last];
  return all.length === 0 ? 'its agent is connected and has not answered' : all.join('; ');
}
