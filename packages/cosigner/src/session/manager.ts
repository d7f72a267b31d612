/**
 * All sessions of one server: those that its REST asks for, those that partners ask for, and what is
 * said about sessions that are over.
 */
import { randomBytes } from 'node:crypto';
import { equalBytes, fromHex } from '@quorate/intent';
import { MAX_REOPENINGS } from '@quorate/tss';
import {
  type MessageHash,
  PeerAbort,
  PeerAck,
  PeerInit,
  PeerSync,
  type TwoPartyKey,
  type TwoPartySession as SessionView,
} from '@quorate/wire';
import { z } from 'zod';
import { CosignerError, messageOf } from '../errors.ts';
import { hex0x, type SignableMessage, signable } from '../message.ts';
import type { PublicIdentity } from '../partner.ts';
import type { PeerMessage } from '../peer/connection.ts';
import type { KeyRecord } from '../store/keyRecords.ts';
import { isFinal } from '../store/sessionRecords.ts';
import { activateShare, discardShare } from './commit.ts';
import type { Proposal, SessionContext } from './context.ts';
import { decodeMail, encodeMail } from './mail.ts';
import { TwoPartySession } from './session.ts';
import { toldCode } from './told.ts';

/** What REST asks for. */
export interface Order {
  readonly type: 'keygen' | 'sign' | 'refresh';
  readonly partner: string;
  readonly keySessionId?: string;
  readonly message?: string;
  readonly hash?: MessageHash;
  readonly requestId?: string;
}

/** What a manager is given of its surroundings. */
export type ManagerContext = Omit<SessionContext, 'stopKey' | 'onOver' | 'onGone'> & {
  /** A session is over. */
  readonly onSession: (view: SessionView) => void;
};

/** The sessions of one server. */
export class SessionManager {
  readonly #context: SessionContext;
  readonly #live = new Map<string, TwoPartySession>();
  /** Over, with last messages that the partner has not acknowledged. */
  readonly #ended = new Map<string, TwoPartySession>();
  #stopping = false;

  constructor(context: ManagerContext) {
    this.#context = {
      ...context,
      stopKey: (keySessionId, cause) => this.#stopKey(keySessionId, cause),
      onOver: (session) => {
        this.#live.delete(session.id);
        this.#ended.set(session.id, session);
        context.onSession(session.view);
        const waiting = this.#waiting(session.proposal.partner.name, session.id);
        if (waiting !== undefined) this.#ask(waiting);
      },
      onGone: (session) => this.#ended.delete(session.id),
    };
    this.#dropUnconfirmed();
  }

  /** Sessions that are not over. */
  get running(): number {
    return this.#live.size;
  }

  /**
   * Begins what REST asks for, or finds what the same request began before.
   * @throws CosignerError
   */
  order(order: Order): { readonly view: SessionView; readonly session?: TwoPartySession } {
    const request = JSON.stringify(order);
    const known =
      order.requestId === undefined
        ? undefined
        : this.#context.store.sessions.findByRequest(order.requestId);
    if (known !== undefined) {
      if (known.request !== request) throw new CosignerError('request_conflict');
      const session = this.#live.get(known.session.session_id);
      return { view: known.session, ...(session === undefined ? {} : { session }) };
    }
    const { partner, key, message } = this.#check(order);
    const session = this.#open(
      {
        id: randomBytes(16).toString('hex'),
        type: order.type,
        partner,
        initiator: 'own',
        keySessionId: key?.session_id ?? null,
        message,
      },
      { requestId: order.requestId ?? null, request },
    );
    session.begin();
    return { view: session.view, session };
  }

  /** A session that runs, for those who wait for it. */
  find(sessionId: string): TwoPartySession | undefined {
    return this.#live.get(sessionId);
  }

  /** The keys as REST shows them. */
  keys(): TwoPartyKey[] {
    return this.#context.store.keys.list().map((record) => ({
      session_id: record.session_id,
      state: stateOf(record),
      partner: record.partner,
      address: record.address,
      public_key: `0x${record.public_key}`,
      epoch: record.share.epoch,
      paillier_bits: record.paillier_bits,
      lock: lockOf(record),
      openings_left: MAX_REOPENINGS - record.lock.reopened,
      created_at: record.created_at,
    }));
  }

  /** The partner is connected: everything that waits goes out, and both tell where they stand. */
  connected(partner: string): void {
    const running = [...this.#live.values()].filter(
      ({ proposal }) => proposal.partner.name === partner,
    );
    const keys = this.#context.store.keys
      .list()
      .filter((record) => record.partner === partner && record.state === 'active')
      .map(({ session_id, share }) => ({ session_id, epoch: share.epoch }));
    // The newest keys and sessions, if there are more than one message holds.
    const sync: PeerSync = {
      running: running.map(({ id }) => id).slice(-1000),
      keys: keys.slice(-1000),
    };
    this.#tell(partner, '', 'session_sync', sync);
    for (const session of [...running, ...this.#ended.values()]) session.resend();
    for (const record of this.#context.store.keys.list()) {
      if (record.partner === partner) this.#ask(record);
    }
  }

  /** Takes a message of a partner. */
  receive(partner: string, message: PeerMessage): void {
    if (message.sessionId === '') return this.#receiveSync(partner, message);
    const live = this.#live.get(message.sessionId);
    const session = live ?? this.#ended.get(message.sessionId);
    if (session !== undefined && session.proposal.partner.name !== partner) return;
    if (message.type === 'ack') {
      const ack = decodeMail(PeerAck, message.plaintext);
      if (ack !== undefined) session?.acknowledged(ack.seq, ack.status);
      return;
    }
    if (live === undefined) this.#receiveUnknown(partner, message);
    else live.receive(message);
    this.#acknowledge(partner, message);
  }

  /** Ends every session of a key whose store or chip is an older one. */
  rolledBack(keySessionId: string): void {
    this.#context.logger.error({ key: keySessionId }, 'key rolled back');
    for (const session of this.#live.values()) {
      if (session.proposal.keySessionId !== keySessionId) continue;
      session.stop('key_rolled_back', 'the chip’s count is not the one of this store');
    }
  }

  /** Ends every session; keys stay. */
  stop(): void {
    this.#stopping = true;
    for (const session of this.#live.values()) session.stop('stopping', 'the server is stopping');
  }

  #acknowledge(partner: string, { sessionId, seq }: PeerMessage): void {
    if (seq === 0) return;
    const status = this.#context.store.sessions.find(sessionId)?.session.status ?? 'unknown';
    this.#tell(partner, sessionId, 'ack', { seq, status } satisfies PeerAck);
  }

  /** A session that does not run here: a new one, one that is over, or one that was never known. */
  #receiveUnknown(partner: string, message: PeerMessage): void {
    const asked = askedKey(message);
    if (this.#context.index === 2) this.#learnEnd(partner, message);
    else if (asked !== undefined) return this.#answer(partner, message.sessionId, asked);
    const record = this.#context.store.sessions.find(message.sessionId);
    if (record !== undefined) {
      if (record.session.partner !== partner) return;
      // An end is not answered by an end: two that are over would go on for ever.
      if (message.seq > 0 || isQuestion(message)) this.#tellEnd(partner, record.session);
      return;
    }
    if (message.type === 'two_party_sign_init') return this.#receiveInit(partner, message);
    const asks = message.seq > 0 || isQuestion(message);
    if (asks && message.type !== 'abort') {
      this.#tellAbort(partner, message.sessionId, 'process_restarted');
    }
  }

  /** P1 tells how a key generation or refresh ended that P2 did not see the end of. */
  #learnEnd(partner: string, message: PeerMessage): void {
    const record = this.#waiting(partner, message.sessionId);
    if (record === undefined) return;
    const sync =
      message.type === 'session_sync' ? decodeMail(PeerSync, message.plaintext) : undefined;
    if (sync?.keys !== undefined) return this.#learnKey(record, sync.keys);
    if (sync?.status === 'completed' || sync?.phase === 'active') return this.#activate(record);
    // That a session ended does not say that its share is not the key.
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
    this.#tell(record.partner, waiting.session_id, 'session_sync', { keys } satisfies PeerSync);
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
    this.#tell(partner, sessionId, 'session_sync', { keys } satisfies PeerSync);
  }

  /** The key that waits for the end of a session. */
  #waiting(partner: string, sessionId: string): KeyRecord | undefined {
    return this.#context.store.keys
      .list()
      .find((record) => record.partner === partner && waitingOf(record)?.session_id === sessionId);
  }

  #receiveInit(partnerName: string, message: PeerMessage): void {
    const init = decodeMail(PeerInit, message.plaintext);
    if (init === undefined || init.reply) {
      return this.#tellAbort(partnerName, message.sessionId, 'aborted');
    }
    try {
      const { partner, key, message: text } = this.#checkInit(partnerName, init);
      const session = this.#open(
        {
          id: message.sessionId,
          type: init.operation,
          partner,
          initiator: 'partner',
          keySessionId: key?.session_id ?? null,
          message: text,
        },
        { requestId: null, request: '' },
      );
      session.respond(init);
    } catch (error) {
      if (!(error instanceof CosignerError)) throw error;
      const fields = { session_id: message.sessionId, partner: partnerName, code: error.code };
      this.#context.logger.warn(fields, messageOf(error));
      this.#tellAbort(partnerName, message.sessionId, error.code);
    }
  }

  /** What both ends say when they meet: sessions of the other end that are over here, keys that are confirmed. */
  #receiveSync(partner: string, message: PeerMessage): void {
    if (message.type !== 'session_sync') return;
    const sync = decodeMail(PeerSync, message.plaintext);
    for (const id of sync?.running ?? []) {
      if (this.#live.has(id)) continue;
      const record = this.#context.store.sessions.find(id);
      // A session that is not known here may be on its way.
      if (record?.session.partner === partner) this.#tellEnd(partner, record.session);
    }
    if (sync?.keys === undefined) return;
    if (this.#context.index === 2) this.#confirm(partner, sync.keys);
    for (const [id, session] of this.#live) {
      const missing = session.proposal.partner.name === partner && !sync.running?.includes(id);
      if (missing) this.#tell(partner, id, 'session_sync', {} satisfies PeerSync);
    }
  }

  /** P1 says which keys and epochs it uses: what it confirms is active. What it does not name, it does not tell of. */
  #confirm(partner: string, keys: readonly KeyEpoch[]): void {
    for (const { session_id: id, epoch } of keys) {
      const record = this.#context.store.keys.find(id);
      if (record?.partner === partner) this.#confirmOne(record, epoch);
    }
  }

  #confirmOne(record: KeyRecord, epoch: number): void {
    if (waitingOf(record)?.share.epoch === epoch) this.#activate(record);
  }

  #activate(record: KeyRecord): void {
    const session = waitingOf(record)?.session_id ?? '';
    activateShare(this.#context, record.session_id);
    this.#context.logger.info({ key: record.session_id }, 'key confirmed by the partner');
    this.#live.get(session)?.confirmed();
  }

  /** After a restart, P1 keeps nothing that it did not confirm: P2 cannot have it either. */
  #dropUnconfirmed(): void {
    if (this.#context.index !== 1) return;
    for (const record of this.#context.store.keys.list()) {
      if (record.state === 'pending' || record.next !== null) this.#discard(record);
    }
  }

  #discard(record: KeyRecord): void {
    const id = record.next?.session_id ?? record.session_id;
    const keySessionId = record.next === null ? null : record.session_id;
    discardShare(this.#context, { id, keySessionId });
    this.#context.logger.warn({ key: record.session_id, session_id: id }, 'half a key discarded');
  }

  #stopKey(keySessionId: string, cause: TwoPartySession): void {
    for (const session of this.#live.values()) {
      if (session === cause || session.proposal.keySessionId !== keySessionId) continue;
      session.stop('key_locked', 'another session locked the key');
    }
  }

  #open(
    proposal: Proposal,
    { requestId, request }: { readonly requestId: string | null; readonly request: string },
  ): TwoPartySession {
    const { store, now, own } = this.#context;
    const key = proposal.keySessionId === null ? undefined : store.keys.find(proposal.keySessionId);
    const at = now();
    store.sessions.add({
      format: 'quorate-two-party-session/v1',
      request_id: requestId,
      request,
      session: {
        session_id: proposal.id,
        type: proposal.type,
        status: 'created',
        step: null,
        partner: proposal.partner.name,
        initiator: proposal.initiator === 'own' ? own.name : proposal.partner.name,
        key_session_id: proposal.keySessionId,
        address: key?.address ?? null,
        public_key: key === undefined ? null : `0x${key.public_key}`,
        message: proposal.message?.text ?? null,
        hash: proposal.message?.hash ?? null,
        digest: proposal.message === null ? null : hex0x(proposal.message.digest),
        signature: null,
        error: null,
        created_at: at,
        updated_at: at,
      },
    });
    const session = new TwoPartySession(this.#context, proposal);
    this.#live.set(proposal.id, session);
    return session;
  }

  #check({ type, partner: name, keySessionId, message, hash }: Order): Checked {
    const partner = this.#admit(type, name);
    if (type === 'keygen') return { partner, key: undefined, message: null };
    const key = this.#usableKey(keySessionId ?? '', partner);
    if (type === 'refresh') {
      if (this.#context.index !== 1) throw new CosignerError('wrong_side');
      this.#checkRefreshable(key);
      return { partner, key, message: null };
    }
    checkUnlocked(key);
    return { partner, key, message: signable(message ?? '', hash ?? 'eip191') };
  }

  #checkInit(partnerName: string, init: PeerInit): Checked {
    const { operation, key_session_id: keySessionId, epoch, paillier_bits: bits } = init;
    const partner = this.#admit(operation, partnerName);
    if (operation === 'keygen') {
      if (bits !== this.#context.config.paillier_bits) throw new CosignerError('intent_mismatch');
      return { partner, key: undefined, message: null };
    }
    if (operation === 'refresh' && this.#context.index !== 2) throw new CosignerError('wrong_side');
    this.#confirmByEpoch(keySessionId ?? '', partnerName, epoch);
    const key = this.#usableKey(keySessionId ?? '', partner);
    if (key.share.epoch !== epoch) throw new CosignerError('epoch_mismatch');
    if (operation === 'refresh') {
      this.#checkRefreshable(key);
      if (key.next !== null) {
        throw new CosignerError('key_pending', 'the end of an earlier refresh is not known yet');
      }
      return { partner, key, message: null };
    }
    checkUnlocked(key);
    if (init.message === undefined || init.hash === undefined) throw new CosignerError('aborted');
    return { partner, key, message: signable(init.message, init.hash) };
  }

  /** P1 uses an epoch only after it has activated it, so what it uses tells what it confirmed. */
  #confirmByEpoch(keySessionId: string, partner: string, epoch: number | undefined): void {
    const record = this.#context.store.keys.find(keySessionId);
    if (record?.partner !== partner || this.#context.index !== 2) return;
    if (epoch !== undefined) this.#confirmOne(record, epoch);
    // What was not confirmed by that stays as it is until P1 answers.
    const still = this.#context.store.keys.find(keySessionId);
    if (still !== undefined) this.#ask(still);
  }

  #admit(type: 'keygen' | 'sign' | 'refresh', name: string): PublicIdentity {
    const { config, partner: find } = this.#context;
    if (this.#stopping) throw new CosignerError('stopping');
    const partner = find(name);
    if (partner === undefined) throw new CosignerError('unknown_partner');
    if (!config.capabilities.includes(type === 'sign' ? 'sign' : 'keygen')) {
      throw new CosignerError('not_capable');
    }
    if (this.#live.size >= config.max_sessions) throw new CosignerError('too_many_sessions');
    return partner;
  }

  /** @throws CosignerError when there is no such key of this partner, or it may never be used */
  #usableKey(keySessionId: string, partner: PublicIdentity): KeyRecord {
    const key = this.#context.store.keys.find(keySessionId);
    if (key === undefined || key.partner !== partner.name) throw new CosignerError('unknown_key');
    if (key.state === 'pending') throw new CosignerError('key_pending');
    const { own } = this.#context;
    const pinned =
      equalBytes(fromHex(key.partner_identity), partner.identity) &&
      equalBytes(fromHex(key.own_identity), own.identity);
    if (!pinned)
      throw new CosignerError('invalid_certificate', 'the key was made with other identities');
    return key;
  }

  #checkRefreshable(key: KeyRecord): void {
    const { state, reopened } = key.lock;
    if (state === 'terminal') throw new CosignerError('key_retired');
    // A refresh opens the share of the present epoch, which is never opened again.
    if (key.rolled_back) throw new CosignerError('key_rolled_back', NEITHER);
    if (state === 'refreshable' && reopened >= MAX_REOPENINGS) {
      throw new CosignerError('key_retired', `the key was opened ${reopened} times already`);
    }
    const running = [...this.#live.values()].some(
      ({ proposal }) => proposal.type === 'refresh' && proposal.keySessionId === key.session_id,
    );
    if (running) throw new CosignerError('refresh_running');
  }

  #tellEnd(partner: string, view: SessionView): void {
    if (!isFinal(view.status)) return;
    if (view.status === 'completed') {
      const signature = view.signature === null ? {} : { signature: view.signature };
      const sync: PeerSync = { status: 'completed', ...signature };
      return this.#tell(partner, view.session_id, 'session_sync', sync);
    }
    this.#tellAbort(partner, view.session_id, view.error?.code ?? 'aborted');
  }

  #tellAbort(partner: string, sessionId: string, code: string): void {
    this.#tell(partner, sessionId, 'abort', {
      code: toldCode(code),
      reason: '',
    } satisfies PeerAbort);
  }

  #tell(
    partner: string,
    sessionId: string,
    type: 'ack' | 'abort' | 'session_sync',
    mail: object,
  ): void {
    const plaintext = encodeMail(mail);
    this.#context.send(partner, { type, sessionId, round: 0, seq: 0, plaintext, signature: '' });
  }
}

/** An empty session_sync asks how a session stands. */
function isQuestion({ type, plaintext }: PeerMessage): boolean {
  return type === 'session_sync' && decodeMail(NOTHING, plaintext) !== undefined;
}

const NOTHING = z.strictObject({});

/** The key that P2 asks about by a message of a session. */
function askedKey({ type, plaintext }: PeerMessage): KeyEpoch | undefined {
  return type === 'session_sync' ? decodeMail(QUESTION, plaintext)?.keys[0] : undefined;
}

const QUESTION = PeerSync.pick({ keys: true })
  .required()
  .refine(({ keys }) => keys.length === 1);

type KeyEpoch = NonNullable<PeerSync['keys']>[number];

/** The share that P1 has not confirmed yet, and the session that made it. */
function waitingOf(record: KeyRecord): Pick<KeyRecord, 'session_id' | 'share'> | undefined {
  return record.next ?? (record.state === 'pending' ? record : undefined);
}

interface Checked {
  readonly partner: PublicIdentity;
  readonly key: KeyRecord | undefined;
  readonly message: SignableMessage | null;
}

const NEITHER = 'the key of an older store or chip is neither used nor refreshed';

function checkUnlocked(key: KeyRecord): void {
  const state = stateOf(key);
  if (state === 'locked') throw new CosignerError('key_locked');
  if (state === 'retired') throw new CosignerError('key_retired');
  if (state === 'rolled_back') throw new CosignerError('key_rolled_back');
}

function stateOf({ state, lock, rolled_back: rolledBack }: KeyRecord): TwoPartyKey['state'] {
  if (state === 'pending') return 'pending';
  if (lock.state === 'terminal') return 'retired';
  if (lock.state === 'refreshable') return lock.reopened >= MAX_REOPENINGS ? 'retired' : 'locked';
  return rolledBack ? 'rolled_back' : 'active';
}

function lockOf({ lock }: KeyRecord): TwoPartyKey['lock'] {
  if (lock.state === 'none' || lock.session_id === null || lock.at === null) return null;
  return { kind: lock.state, session_id: lock.session_id, at: lock.at };
}
