/** An administrator's approval of a replacement, its cancellation, and its end. */
import { chipFingerprint, shortFingerprint } from '@quorate/intent';
import { RequestError } from '../requestError.ts';
import { hasOtherAdmin } from '../auth/users.ts';
import { discardStaged } from '../keys/index.ts';
import type { Tx } from '../store/database.ts';
import { detailsOf, type ReplacementOptions } from './acts.ts';
import {
  makerOf,
  findReplacement,
  type Replacement,
  setStage,
  shardsIn,
  stageProblem,
} from './store.ts';

/** Approves a request whose new chip has the fingerprint that the holder gave. */
export async function approve(
  tx: Tx,
  replacement: Replacement,
  { newFingerprint, actor, at }: { newFingerprint: string; actor: string; at: number },
): Promise<RequestError | undefined> {
  // A repeated approval is a safe retry.
  if (replacement.state === 'approved' && replacement.approvedBy === actor) return undefined;
  const problem = stageProblem(replacement, ['requested']);
  if (problem !== undefined) return problem;
  if (replacement.username === actor && (await hasOtherAdmin(tx, actor))) {
    return new RequestError(
      'forbidden',
      'another administrator has to approve the holder’s own request',
    );
  }
  if (shortFingerprint(chipFingerprint(replacement.newChip.publicKey)) !== newFingerprint) {
    return new RequestError('chip_mismatch', 'the new chip has another fingerprint');
  }
  await setStage(tx, replacement.id, { state: 'approved', approvedBy: actor }, at);
  return undefined;
}

/** Cancels before the switch: the staged shares are discarded, and the new chip stays disabled. */
export async function cancel(
  tx: Tx,
  replacement: Replacement,
  at: number,
): Promise<RequestError | undefined> {
  const problem = stageProblem(replacement, ['requested', 'approved']);
  if (problem !== undefined) return problem;
  await discardStaged(tx, makerOf(replacement));
  await setStage(tx, replacement.id, { state: 'cancelled' }, at);
  return undefined;
}

/** After the last receipt, gives the old chip the state that its holder chose. */
export async function completeIfDone(
  { audit }: ReplacementOptions,
  tx: Tx,
  id: string,
  at: number,
): Promise<void> {
  const replacement = await findReplacement(tx, id);
  if (replacement?.state !== 'switched') return;
  const shards = await shardsIn(tx, replacement);
  if (shards.some(({ state }) => state !== 'deleted')) return;
  await setStage(tx, id, { state: 'completed' }, at);
  await tx.run('UPDATE chips SET state = ?, updated_at = ? WHERE se_id = ?', [
    replacement.retire,
    at,
    replacement.oldChip.seId,
  ]);
  await audit.append(tx, {
    at,
    actor: replacement.username,
    action: 'replacement.complete',
    subject: id,
    outcome: 'ok',
    details: { ...detailsOf(replacement), retired: replacement.retire, records: shards.length },
  });
}
