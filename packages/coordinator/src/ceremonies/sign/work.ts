/** A signature in the store: the signers' chips and shards, and the releases that their chips may make. */
import { mayUse, sealedShardOf } from '../../keys/index.ts';
import type { Work } from '../../session/ceremony.ts';
import type { Run } from '../../session/run.ts';
import { chipAuthorisationOf } from '../../session/messages.ts';
import { nameOf } from '../../session/parties.ts';
import type { Party } from '../../session/types.ts';
import { challengeOf, release } from '../release.ts';
import { changedKey, mayStillUse, seatOf } from '../target.ts';
import { open } from './request.ts';
import type { SignEffect, SignState } from './state.ts';
import { paramsOf } from './words.ts';

export const work: Work<'sign', SignState> = {
  open,
  mayStillAsk: (tx, asker, state) =>
    mayStillUse(tx, asker, state, (key) => mayUse(tx, key, asker.username)),
  admit: async () => undefined,
  guard: async (tx, _context, state, event) => {
    if (event.type !== 'accepted') return undefined;
    return changedKey(tx, state, event.at, ({ seId }, shard) => shard?.se_id !== seId);
  },
  begin: (run, state) => run.tellParties(state.parties, (party) => params(run, state, party)),
  renew: async (run, state, party, challenge) => {
    const { record_id: recordId } = await shardOf(run, state, party);
    const signature = await release(run, state, party, { operation: 'read', recordId, challenge });
    return chipAuthorisationOf(state, challenge, signature);
  },
  settle: async () => undefined,
  perform: note,
  unfinishedFor: async () => [],
  notice: async () => undefined,
};

/** Lets a signer's chip release its opener. */
async function params(run: Run, state: SignState, party: Party): Promise<object> {
  const challenge = challengeOf(state, party);
  const shard = await shardOf(run, state, party);
  const recordId = shard.record_id;
  const signature = await release(run, state, party, { operation: 'read', recordId, challenge });
  const encryptedShard = shard.ciphertext;
  return paramsOf(state, party, { signature, encryptedShard, recordId, challenge });
}

async function shardOf(
  run: Run,
  { target }: SignState,
  party: Party,
): Promise<NonNullable<Awaited<ReturnType<typeof sealedShardOf>>>> {
  const shard = await sealedShardOf(run.tx, seatOf(target, party));
  if (shard === undefined) throw new Error('a signer without a shard');
  return shard;
}

function note(run: Run, state: SignState, effect: SignEffect): Promise<void> {
  switch (effect.type) {
    case 'sign:note-result':
      return run.audit('session.note', {
        participant: nameOf(state, effect.from),
        note: effect.note,
      });
    case 'sign:note-missing':
      return run.audit('session.note', {
        participants: effect.missing.map((index) => nameOf(state, index)),
        note: 'no-result',
      });
  }
}
