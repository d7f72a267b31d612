/** A key generation in the store: room on the chips, the new key, and the records that a failure leaves. */
import { participant } from '../../delivery/recipient.ts';
import { insertKey, discardStaged, findKeyOfAddress, stageShard } from '../../keys/index.ts';
import type { EventOf, Work } from '../../session/ceremony.ts';
import type { Run } from '../../session/run.ts';
import type { Event } from '../../session/events.ts';
import { nameKey } from '../../session/repository.ts';
import { noteOrphan } from '../../session/orphans.ts';
import type { Tx } from '../../store/database.ts';
import { fullness } from './chipRoom.ts';
import { newKeyOf, newShardOf } from './newKey.ts';
import { open } from './request.ts';
import type { KeygenEffect, KeygenState, OrphanEffect } from './state.ts';
import { paramsOf } from './words.ts';

export const work: Work<'keygen', KeygenState> = {
  open,
  mayStillAsk: async () => true,
  admit: async () => undefined,
  guard: async (tx, _context, state, event: EventOf<KeygenState>) => {
    if (event.type === 'accepted') return fullChip(tx, state, event);
    return event.type === 'finished' ? existingKey(tx, state, event) : undefined;
  },
  begin: (run, state) => run.tellParties(state.parties, async (party) => paramsOf(state, party)),
  renew: () => {
    throw new Error('unreachable: a key generation releases nothing');
  },
  settle,
  perform,
  unfinishedFor: async () => [],
  notice: async () => undefined,
};

/** Consent takes room on a chip: a request at the same time may have taken the last of it. */
async function fullChip(
  tx: Tx,
  { parties }: KeygenState,
  { from, at }: Extract<Event, { readonly type: 'accepted' }>,
): Promise<Event | undefined> {
  const party = parties.find(({ index }) => index === from);
  const details = party && (await fullness(tx, party));
  if (details === undefined) return undefined;
  return { type: 'ended', at, code: 'chip_unavailable', details, concerned: [from] };
}

/** A key is made once: participants who all report an existing key have not generated it. */
async function existingKey(
  tx: Tx,
  state: KeygenState,
  { at, from, result }: Extract<EventOf<KeygenState>, { readonly type: 'finished' }>,
): Promise<Event | undefined> {
  if (state.phase !== 'running' || !result.success) return undefined;
  const { address, recordId } = result;
  if ((await findKeyOfAddress(tx, address)) === undefined) return undefined;
  const details = 'a key with this address already exists';
  const record = { address, recordId };
  return { type: 'refuted', at, from, code: 'invalid_result', details, record };
}

/** Stores the key: its staged shards become current. */
async function settle(run: Run, state: KeygenState): Promise<void> {
  const key = newKeyOf(state);
  await insertKey(run.tx, key);
  await nameKey(run.tx, state.sessionKey, key.keyId);
  await run.audit('key.create', { address: key.address, threshold: key.threshold });
}

function perform(run: Run, state: KeygenState, effect: KeygenEffect): Promise<void> {
  switch (effect.type) {
    case 'keygen:stage':
      return stage(run, state, effect.from);
    case 'keygen:discard':
      run.surroundings.scrub();
      return discardStaged(run.tx, `session:${state.sessionKey}`);
    case 'keygen:orphan':
      return orphan(run, state, effect);
  }
}

/** Stages the ciphertext that came with a result, beside the hash in the event. */
async function stage(run: Run, state: KeygenState, from: number): Promise<void> {
  const { message } = run;
  if (message?.type !== 'keygen_result' || !message.success) {
    throw new Error('a share without its ciphertext');
  }
  const shard = newShardOf(state, from, message.encrypted_shard);
  await stageShard(run.tx, shard, `session:${state.sessionKey}`);
}

/** Notes a record that the failed session has left on a chip, and tells its holder. */
async function orphan(run: Run, state: KeygenState, { from, record }: OrphanEffect): Promise<void> {
  const { sessionKey, parties, outcome } = state;
  const party = parties.find(({ index }) => index === from);
  if (party === undefined) return;
  const reason = outcome?.success === false ? outcome.code : 'aborted';
  const notice = await noteOrphan(run.tx, { sessionKey, party, record, reason }, run.at);
  if (notice === undefined) return;
  const { username } = party;
  await run.audit('session.orphan', { participant: username, record_id: record.recordId });
  // Not stored in the outbox: the notice is sent at every register until the record is gone.
  const { hub } = run.context;
  run.tx.onCommit(() => hub.tell(participant(username), notice));
}
