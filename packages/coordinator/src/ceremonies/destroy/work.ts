/** A destruction in the store: the ciphertexts go first, then each record, then the key. */
import { DESTROYED } from '../../audit/index.ts';
import { beginDestruction, completeDestruction, noteReceipt } from '../../keys/index.ts';
import type { Chips } from '../../chips/index.ts';
import type { GuardContext, Work } from '../../session/ceremony.ts';
import type { Run } from '../../session/run.ts';
import type { Event } from '../../session/events.ts';
import { chipAuthorisationOf } from '../../session/messages.ts';
import { type Refusal, refuse } from '../../session/refusal.ts';
import { mayDestroy } from '../../session/rights.ts';
import type { Tx } from '../../store/database.ts';
import { challengeOf, release } from '../release.ts';
import { changedKey, mayStillUse, seatOf } from '../target.ts';
import { destructionOf, goneOf } from './accounts.ts';
import { owesReceipt } from './reduce.ts';
import { open } from './request.ts';
import type { DestroyParty, DestroyState, ReceiptEffect } from './state.ts';
import { unfinishedFor } from './unfinished.ts';
import { paramsOf } from './words.ts';

export const work: Work<'destroy', DestroyState> = {
  open,
  mayStillAsk: (tx, asker, state) => mayStillUse(tx, asker, state, mayDestroy),
  admit,
  guard: async (tx, _context, state, event) => {
    if (event.type !== 'accepted') return undefined;
    return changedKey(
      tx,
      state,
      event.at,
      ({ seId, recordId }, shard) => shard?.se_id !== seId || shard.record_id !== recordId,
    );
  },
  begin,
  renew: async (run, state, party: DestroyParty, challenge) => {
    const { recordId } = party;
    const signature = await release(run, state, party, {
      operation: 'delete',
      recordId,
      challenge,
    });
    return chipAuthorisationOf(state, challenge, signature);
  },
  settle,
  perform: receive,
  unfinishedFor,
  notice: async (run, state, context, party: DestroyParty) => {
    const may = await mayDelete(run.tx, context.chips, state, party);
    return may && context.mayAskDeletion(party.username) ? params(run, state, party) : undefined;
  },
};

/** Ends the use of a key whose destruction every holder consented to, whatever happens next. */
async function begin(run: Run, state: DestroyState): Promise<void> {
  const { address, keyId, destruction } = state.target;
  await beginDestruction(run.tx, keyId);
  await run.audit('key.destroying', { address, reason: destruction.reason });
  await run.tellParties(state.parties, (party) => params(run, state, party));
  const details = `${address} is being destroyed in session ${state.sessionKey}`;
  const order = { keyId, except: state.sessionKey, at: run.at, details };
  await run.surroundings.endOthers({ ...order, code: 'key_destroying' });
  run.surroundings.scrub();
}

/** Lets a holder's chip delete its record; sent again at every register until the record is gone. */
async function params(run: Run, state: DestroyState, party: DestroyParty): Promise<object> {
  const { recordId } = party;
  const challenge = challengeOf(state, party);
  const signature = await release(run, state, party, { operation: 'delete', recordId, challenge });
  return paramsOf(state, party, { signature, challenge });
}

/** Stores a chip's receipt with its shard. */
async function receive(
  run: Run,
  { parties, target }: DestroyState,
  { from, receipt }: ReceiptEffect,
): Promise<void> {
  const party = parties.find(({ index }) => index === from);
  if (party === undefined) return;
  const { address } = target;
  await noteReceipt(run.tx, seatOf(target, party), receipt);
  await run.audit('chip.deleted', {
    participant: party.username,
    se_id: party.seId,
    record_id: party.recordId,
    address,
    receipt,
  });
}

/** Marks the key destroyed, and certifies in the log what happened to each part. */
async function settle(run: Run, state: DestroyState): Promise<void> {
  const { address, keyId } = state.target;
  const kept = await completeDestruction(run.tx, keyId, goneOf(state));
  const { audit } = run.context;
  await audit.append(run.tx, {
    at: run.at,
    actor: 'system',
    action: DESTROYED,
    subject: address,
    outcome: 'ok',
    details: audit.certify(destructionOf(state, kept, run.at)),
  });
}

/** Refuses a renewal or a failure report of an inactive chip, or of a holder that sends too many. */
async function admit(
  tx: Tx,
  { chips, mayAskDeletion }: GuardContext,
  state: DestroyState,
  event: Event,
): Promise<Refusal | undefined> {
  if (event.type !== 'challenged' && event.type !== 'delayed') return undefined;
  const party = state.parties.find(({ index }) => index === event.from);
  if (party === undefined || !(await mayDelete(tx, chips, state, party))) {
    return refuse('chip_unavailable', `the chip ${party?.seId ?? ''} is not active`);
  }
  return mayAskDeletion(party.username) ? undefined : refuse('rate_limited', 'too many deletions');
}

async function mayDelete(
  tx: Tx,
  chips: Chips,
  state: DestroyState,
  party: DestroyParty,
): Promise<boolean> {
  if (!owesReceipt(state, party.index)) return false;
  const chip = await chips.find(tx, party.seId);
  return chip?.state === 'active' && chip.username === party.username;
}
