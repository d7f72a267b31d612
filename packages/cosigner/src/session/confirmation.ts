/**
 * Settles shares that one side has stored and the other has not confirmed, once their session has ended
 * (docs/spec/cosigner.md, "Two phases"). P1's key record decides.
 */
import { decodeMail } from '@quorate/two-party';
import { PeerSync } from '@quorate/wire';
import type { PeerMessage } from '../peer/connection.ts';
import type { KeyRecord } from '../store/keyRecords.ts';
import { activateShare, discardShare } from './commit.ts';
import type { SessionContext } from './context.ts';
import { waitingOf } from './keyState.ts';
import type { TwoPartySession } from './session.ts';
import type { Outcomes } from './outcomes.ts';
import type { Teller } from './teller.ts';

/** A key and its epoch, as `session_sync` names them. */
export type KeyEpoch = NonNullable<PeerSync['keys']>[number];

/** The confirmations of one server. */
export class Confirmation {
  readonly #context: SessionContext;
  readonly #teller: Teller;
  readonly #live: ReadonlyMap<string, TwoPartySession>;
  readonly #outcomes: Outcomes;

  constructor(
    context: SessionContext,
    parts: {
      readonly teller: Teller;
      readonly live: ReadonlyMap<string, TwoPartySession>;
      readonly outcomes: Outcomes;
    },
  ) {
    this.#context = context;
    this.#teller = parts.teller;
    this.#live = parts.live;
    this.#outcomes = parts.outcomes;
  }

  /** Discards at P1's start every share that it did not confirm: P2 does not use it either. */
  discardUnconfirmed(): void {
    if (this.#context.index !== 1) return;
    for (const record of this.#context.store.keys.list()) {
      if (waitingOf(record) !== undefined) this.#discard(record);
    }
  }

  /** Asks P1 about every share that waits. */
  askAll(partner: string): void {
    for (const record of this.#context.store.keys.list()) {
      if (record.partner === partner) this.#ask(record);
    }
  }

  /** Asks P1 about the share of a session that is over. */
  askFor(partner: string, sessionId: string): void {
    const waiting = this.#waiting(partner, sessionId);
    if (waiting !== undefined) this.#ask(waiting);
  }

  /**
   * P1 says which keys and epochs it uses: what it confirms is active. Keys it does not list keep their state.
   */
  confirm(partner: string, keys: readonly KeyEpoch[]): void {
    if (this.#context.index !== 2) return;
    for (const { session_id: id, epoch } of keys) {
      const record = this.#context.store.keys.find(id);
      if (record?.partner === partner) this.#confirmOne(record, epoch);
    }
  }

  /** Activates the epoch that P1 proposes to use: P1 activates it before that. */
  confirmByUse(partner: string, keySessionId: string, epoch: number | undefined): void {
    const record = this.#context.store.keys.find(keySessionId);
    if (record?.partner !== partner || this.#context.index !== 2) return;
    if (epoch !== undefined) this.#confirmOne(record, epoch);
    // A share that this did not confirm stays as it is until P1 answers.
    const still = this.#context.store.keys.find(keySessionId);
    if (still !== undefined) this.#ask(still);
  }

  /**
   * A message of a session that does not run here. True when it was P2's question about a key, and is
   * answered.
   */
  receive(partner: string, message: PeerMessage): boolean {
    if (this.#context.index === 2) {
      this.#learnEnd(partner, message);
      return false;
    }
    const asked = askedKey(message);
    if (asked !== undefined) this.#answer(partner, message.sessionId, asked);
    return asked !== undefined;
  }

  /** P1 tells how a key generation or refresh ended that P2 did not see the end of. */
  #learnEnd(partner: string, message: PeerMessage): void {
    const record = this.#waiting(partner, message.sessionId);
    if (record === undefined) return;
    const sync =
      message.type === 'session_sync' ? decodeMail(PeerSync, message.plaintext) : undefined;
    if (sync?.keys !== undefined) return this.#learnKey(record, sync.keys);
    if (sync?.status === 'completed' || sync?.phase === 'active') return this.#activate(record);
    // The end of a session does not mean that its share is not the key.
    if (message.seq > 0) this.#ask(record);
  }

  /** P1's key record decides; an answer that says neither leaves everything as it is. */
  #learnKey(record: KeyRecord, keys: readonly KeyEpoch[]): void {
    const waiting = waitingOf(record);
    if (waiting === undefined) return;
    const epoch = keys.find(({ session_id: id }) => id === record.session_id)?.epoch;
    if (epoch === waiting.share.epoch) return this.#activate(record);
    const older = epoch !== undefined && epoch < waiting.share.epoch;
    const none = keys.length === 0 && record.next === null;
    if (older || none) this.#discard(record);
  }

  /** P2 asks what became of a share that it stored, once no session of its own is to hear of it. */
  #ask(record: KeyRecord): void {
    const waiting = waitingOf(record);
    if (this.#context.index !== 2 || waiting === undefined) return;
    if (this.#live.has(waiting.session_id)) return;
    const keys = [{ session_id: record.session_id, epoch: waiting.share.epoch }];
    this.#teller.sync(record.partner, waiting.session_id, { keys });
  }

  /**
   * P1 answers from its key record, for a session that does not run here: nothing of it becomes the
   * key any more. No entry says that there is no such key.
   */
  #answer(partner: string, sessionId: string, asked: KeyEpoch): void {
    const record = this.#context.store.keys.find(asked.session_id);
    const keys =
      record?.partner === partner && record.state === 'active'
        ? [{ session_id: record.session_id, epoch: record.share.epoch }]
        : [];
    this.#teller.sync(partner, sessionId, { keys });
  }

  /** The key that waits for the end of a session. */
  #waiting(partner: string, sessionId: string): KeyRecord | undefined {
    return this.#context.store.keys
      .list()
      .find((record) => record.partner === partner && waitingOf(record)?.session_id === sessionId);
  }

  #confirmOne(record: KeyRecord, epoch: number): void {
    if (waitingOf(record)?.share.epoch === epoch) this.#activate(record);
  }

  #activate(record: KeyRecord): void {
    const session = waitingOf(record)?.session_id ?? '';
    activateShare(this.#context, record.session_id);
    this.#context.logger.info({ key: record.session_id }, 'key confirmed by the partner');
    this.#live.get(session)?.confirmed();
    this.#outcomes.settleShare(session, true);
  }

  #discard(record: KeyRecord): void {
    const id = record.next?.session_id ?? record.session_id;
    const keySessionId = record.next === null ? null : record.session_id;
    discardShare(this.#context, { id, keySessionId });
    this.#context.logger.warn({ key: record.session_id, session_id: id }, 'half a key discarded');
    this.#outcomes.settleShare(id, false);
  }
}

/** The key that P2 asks about by a message of a session. */
function askedKey({ type, plaintext }: PeerMessage): KeyEpoch | undefined {
  return type === 'session_sync' ? decodeMail(QUESTION, plaintext)?.keys[0] : undefined;
}

const QUESTION = PeerSync.pick({ keys: true })
  .required()
  .refine(({ keys }) => keys.length === 1);
