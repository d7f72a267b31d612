/** All sessions of one server: opens them for REST and for partners, and answers for those that are over. */
import { messageOf } from '@quorate/holder';
import { randomBytes } from 'node:crypto';
import {
  PeerAck,
  PeerInit,
  PeerSync,
  type TwoPartyKey,
  type TwoPartySession as SessionView,
} from '@quorate/wire';
import { type Certified, decodeMail, isQuestion, lockCode } from '@quorate/two-party';
import { CosignerError } from '../errors.ts';
import type { PeerMessage } from '../peer/connection.ts';
import type { KeyRecord } from '../store/keyRecords.ts';
import type { SessionRecord } from '../store/sessionRecords.ts';
import { Admission, type Admitted } from './admission.ts';
import { checkCertificate, intentOf } from './certificates.ts';
import { ChipRoom } from './chipRoom.ts';
import { deleteLeftovers } from './commit.ts';
import { Confirmation } from './confirmation.ts';
import type { Proposal, SessionContext } from './context.ts';
import { firstView } from './firstView.ts';
import { isLiving, shownKey } from './keyState.ts';
import { KeyLocks } from './locks.ts';
import { Outcomes } from './outcomes.ts';
import { isSameRequest, type Order, requestOf } from './request.ts';
import { type Confirmed, retire } from './retirement.ts';
import { TwoPartySession } from './session.ts';
import { Teller } from './teller.ts';

export type { Order } from './request.ts';

/** The surroundings of a manager. */
export type ManagerContext = Omit<SessionContext, 'locks' | 'room' | 'onOver' | 'onGone'> & {
  /** A session is over. */
  readonly onSession: (view: SessionView) => void;
};

/** The sessions of one server. */
export class SessionManager {
  readonly #context: SessionContext;
  readonly #live = new Map<string, TwoPartySession>();
  /** Over, with last messages that the partner has not acknowledged. */
  readonly #ended = new Map<string, TwoPartySession>();
  readonly #teller: Teller;
  readonly #admission: Admission;
  readonly #confirmation: Confirmation;
  readonly #outcomes: Outcomes;

  constructor({ onSession, ...context }: ManagerContext) {
    this.#context = {
      ...context,
      room: new ChipRoom(context.vault),
      locks: new KeyLocks(context, (key, cause) => this.#locked(key, cause)),
      onOver: (id) => this.#over(id, onSession),
      onGone: (id) => this.#ended.delete(id),
    };
    this.#teller = new Teller(context.send);
    this.#admission = new Admission(this.#context, this.#live);
    this.#outcomes = new Outcomes(this.#context, this.#teller, onSession);
    this.#confirmation = new Confirmation(this.#context, {
      teller: this.#teller,
      live: this.#live,
      outcomes: this.#outcomes,
    });
    deleteLeftovers(this.#context);
    this.#confirmation.discardUnconfirmed();
    this.#outcomes.settleRestarted();
    this.#context.store.sessions.retain({
      keep: context.config.keep,
      partners: context.config.partners.length,
      isLiving: (id) => isLiving(context.store.keys.find(id)),
    });
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
    const { request } = order;
    const known =
      request === undefined
        ? undefined
        : this.#context.store.sessions.findByRequest(request.caller, request.id);
    if (known !== undefined) {
      if (!isSameRequest(known.request, order)) throw new CosignerError('request_conflict');
      const session = this.#live.get(known.session.session_id);
      return { view: known.session, ...(session === undefined ? {} : { session }) };
    }
    const about = aboutOf(order.type, this.#admission.order(order));
    const { caller = null, id = null } = request ?? {};
    const session = this.#open(
      { id: randomBytes(16).toString('hex'), initiator: 'own', ...about },
      { caller, request_id: id, request: requestOf(order) },
    );
    return { view: session.view, session };
  }

  /** The keys as REST shows them. */
  keys(): TwoPartyKey[] {
    const { locks, store } = this.#context;
    return store.keys.list().map((record) => shownKey(locks.locked(record)));
  }

  /** Retires a key of this side for good. @throws CosignerError */
  retire(keySessionId: string, confirmation: Confirmed): TwoPartyKey {
    if (this.#admission.isClosed) throw new CosignerError('stopping');
    return retire(this.#context, this.#live, keySessionId, confirmation);
  }

  /** The partner is connected: everything that waits goes out, and both tell where they stand. */
  connected(partner: string): void {
    this.#surviving(partner, undefined, () => this.#meet(partner));
  }

  #meet(partner: string): void {
    const running = [...this.#live.values()].filter(
      ({ isSilent, proposal }) => proposal.partner.name === partner && !isSilent,
    );
    const keys = this.#context.store.keys
      .list()
      .filter((record) => record.partner === partner && record.state === 'active')
      .map(({ session_id, share }) => ({ session_id, epoch: share.epoch }));
    // The newest keys and sessions, if there are more than one message holds.
    this.#teller.sync(partner, '', {
      running: running.map(({ id }) => id).slice(-1000),
      keys: keys.slice(-1000),
    });
    for (const session of [...running, ...this.#ended.values()]) session.resend();
    this.#confirmation.askAll(partner);
    this.#outcomes.askAll(partner);
  }

  /** Takes a message of a partner; while a lock is not on disk, none is heard. */
  receive(partner: string, message: PeerMessage): void {
    if (this.#context.locks.areUnwritten) return;
    this.#surviving(partner, message.sessionId, () => this.#receive(partner, message));
  }

  /** A failed write ends the session, never the process: locks may exist only in its memory. */
  #surviving(partner: string, sessionId: string | undefined, work: () => void): void {
    try {
      work();
    } catch (error) {
      const fields = { partner, session_id: sessionId, error: messageOf(error) };
      this.#context.logger.error(fields, 'a message of the partner failed');
      const live = this.#live.get(sessionId ?? '');
      if (live?.proposal.partner.name === partner) live.stop('internal', messageOf(error));
    }
  }

  #receive(partner: string, message: PeerMessage): void {
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
    const known = this.#context.store.sessions.find(message.sessionId);
    this.#teller.acknowledge(partner, message, known?.session.status ?? 'unknown');
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
    this.#admission.close();
    this.#outcomes.close();
    this.#context.locks.close();
    for (const session of this.#live.values()) session.stop('stopping', 'the server is stopping');
  }

  /** The threads have stopped, and will show nothing more: the last moment for a lock to be written. */
  close(): void {
    this.#context.locks.close();
  }

  /** A session that does not run here: a new one, one that is over, or one that was never known. */
  #receiveUnknown(partner: string, message: PeerMessage): void {
    if (this.#confirmation.receive(partner, message)) return;
    // An end is not answered by an end: two that are over would go on for ever.
    const asks = message.seq > 0 || isQuestion(message);
    const session = this.#context.store.sessions.find(message.sessionId)?.session;
    if (session !== undefined) {
      if (session.partner !== partner) return;
      if (session.status === 'unknown_outcome') this.#outcomes.receive(session, message);
      else if (asks) this.#teller.end(partner, session);
      return;
    }
    if (message.type === 'two_party_sign_init') return this.#receiveInit(partner, message);
    if (asks) this.#teller.abort(partner, message.sessionId, 'unknown_session');
  }

  #receiveInit(partner: string, message: PeerMessage): void {
    const { sessionId } = message;
    const init = decodeMail(PeerInit, message.plaintext);
    if (init === undefined || init.reply) return this.#teller.abort(partner, sessionId, 'aborted');
    try {
      const { key_session_id: key, operation } = init;
      if (key !== undefined && operation !== 'keygen') {
        this.#confirmation.confirmByUse(partner, key, init.epoch);
      }
      const about = aboutOf(operation, this.#admission.proposal(partner, init));
      const proposal: Proposal = { id: sessionId, initiator: 'partner', ...about };
      // Nothing is kept of a proposal that its certificate does not hold for.
      const intent = intentOf(this.#context, proposal, this.#keyOf(proposal));
      const certified = checkCertificate(this.#context, proposal, init.certificate, intent);
      this.#open(proposal, NOBODY, certified);
    } catch (error) {
      const code = error instanceof CosignerError ? error.code : 'internal';
      const fields = { session_id: sessionId, partner, code };
      this.#context.logger[code === 'internal' ? 'error' : 'warn'](fields, messageOf(error));
      this.#teller.abort(partner, sessionId, code);
    }
  }

  /**
   * The messages of both ends when they meet: sessions of the other end that have ended here, and confirmed
   * keys.
   */
  #receiveSync(partner: string, message: PeerMessage): void {
    if (message.type !== 'session_sync') return;
    const sync = decodeMail(PeerSync, message.plaintext);
    for (const id of sync?.running ?? []) {
      if (this.#live.has(id)) continue;
      const record = this.#context.store.sessions.find(id);
      // A session that is not known here may be on its way.
      if (record?.session.partner !== partner) continue;
      if (record.session.status === 'unknown_outcome') this.#outcomes.explain(record.session);
      else this.#teller.end(partner, record.session);
    }
    if (sync?.keys === undefined) return;
    this.#confirmation.confirm(partner, sync.keys);
    for (const [id, session] of this.#live) {
      // One that waits for its record, its turn or its certificate is missing there, and nothing is wrong.
      const isTheirs = session.proposal.partner.name === partner && session.isShared;
      if (isTheirs && !sync.running?.includes(id)) this.#teller.sync(partner, id, {});
    }
  }

  #over(id: string, onSession: (view: SessionView) => void): void {
    const session = this.#live.get(id);
    if (session === undefined) return;
    this.#live.delete(id);
    this.#ended.set(id, session);
    onSession(session.view);
    this.#confirmation.askFor(session.proposal.partner.name, id);
  }

  #locked(key: KeyRecord, cause: string | undefined): void {
    for (const session of this.#live.values()) {
      if (session.proposal.keySessionId !== key.session_id) continue;
      // A cause that fell silent meanwhile has no end of its own any more.
      if (session.id === cause && !session.isSilent) continue;
      session.stop(lockCode(key.lock.state), 'another session locked the key');
    }
  }

  #keyOf({ keySessionId }: Proposal): KeyRecord | undefined {
    return keySessionId === null ? undefined : this.#context.store.keys.find(keySessionId);
  }

  #open(proposal: Proposal, asked: Asked, certified?: Certified): TwoPartySession {
    const { store } = this.#context;
    const session = firstView(this.#context, proposal, this.#keyOf(proposal));
    const recorded = store.sessions.add({ session, ...asked });
    const opened = new TwoPartySession(this.#context, proposal, { recorded, certified });
    this.#live.set(proposal.id, opened);
    return opened;
  }
}

type Asked = Omit<SessionRecord, 'session'>;
/** A partner asks under no request id. */
const NOBODY: Asked = { caller: null, request_id: null, request: '' };

function aboutOf(
  type: Proposal['type'],
  { partner, key, message }: Admitted,
): Omit<Proposal, 'id' | 'initiator'> {
  return { type, partner, keySessionId: key?.session_id ?? null, message };
}
