/**
 * The beginning of a session: both sides certify the same intent, a person may be asked, and primes
 * are made ready (docs/spec/cosigner.md, "Session", A to E).
 */
import type { PeerKeys } from '@quorate/holder';
import { fromHex } from '@quorate/intent';
import { deriveSessionId, type PrimePair } from '@quorate/tss';
import { decodeMail, encodeMail, hex0x } from '@quorate/two-party';
import { PeerInit, type PeerSync } from '@quorate/wire';
import { CosignerError } from '../errors.ts';
import type { PeerMessage } from '../peer/connection.ts';
import type { PrimesFor, SessionEvent } from '../worker/protocol.ts';
import { type Certified, certify, checkCertificate, intentOf } from './certificates.ts';
import type { SessionLife } from './life.ts';

/** How long a partner may look for primes, seconds. */
const PREPARING_S = 15 * 60;

/** What both sides agreed on. */
export interface Agreed {
  readonly sid: Uint8Array;
  readonly peer: PeerKeys;
  /** Of the key, as both certificates mean it. */
  readonly epoch: number | undefined;
  /** Secret; of a key generation or a refresh. */
  readonly primes: PrimesFor | undefined;
}

/** Who goes on when both sides agree. */
export interface AgreementEvents {
  onAgreed(agreed: Agreed): Promise<void>;
  onThread(event: SessionEvent): void;
}

/** The agreement of one session. */
export class Agreement {
  readonly #life: SessionLife;
  readonly #events: AgreementEvents;
  #certificate: Uint8Array = new Uint8Array();
  /** Known from the moment at which this side certifies or checks it. */
  #intent: Uint8Array | undefined;
  /** The epoch in it. */
  #epoch: number | undefined;
  #primes: PrimesFor | undefined;
  /** What the partner said of itself before its certificate came. */
  #heard: 'nothing' | 'awaiting_approval' | 'preparing' = 'nothing';
  #proposed = false;

  constructor(life: SessionLife, events: AgreementEvents) {
    this.#life = life;
    this.#events = events;
  }

  /** Begins what this side's REST asked for. */
  async propose(): Promise<void> {
    const { clocks, context, proposal, key } = this.#life;
    const { approval, step } = context.config.deadlines;
    await this.#life.room.take(proposal.type);
    await this.#prepare();
    this.#intent = intentOf(context, proposal, key);
    this.#epoch = key?.share.epoch;
    await this.#certify(this.#intent);
    this.#proposed = true;
    clocks.arm('step', approval + step);
    this.#post(false);
  }

  /** Answers what the partner asked for; its certificate was checked, in the same turn, by this intent. */
  async respond({ keys, bytes, intent }: Certified): Promise<void> {
    const { key, proposal } = this.#life;
    this.#intent = intent;
    this.#epoch = key?.share.epoch;
    await this.#life.room.take(proposal.type);
    if (!(await this.#approved(intent))) return;
    // The person may have thought for longer than a refresh takes.
    this.#life.checkEpoch(this.#epoch);
    await this.#prepare();
    await this.#certify(intent);
    this.#post(true);
    await this.#agree(bytes, keys);
  }

  /** The partner's certificate; anything else is of no effect. */
  receive(message: PeerMessage): void {
    const { context, phase, proposal } = this.#life;
    const init = decodeMail(PeerInit, message.plaintext);
    const intent = this.#intent;
    if (init?.reply !== true || !this.#proposed || phase !== 'agreeing' || intent === undefined) {
      return;
    }
    this.#life.working(async () => {
      const { keys, bytes } = checkCertificate(context, proposal, init.certificate, intent);
      await this.#agree(bytes, keys);
    });
  }

  /**
   * Where the partner stands, before its certificate is here. Each of the two gives it time once, in
   * this order, and only a set-up needs primes: repeating itself gains nothing.
   */
  heard(status: string): void {
    const { clocks, context, phase, proposal } = this.#life;
    if (phase !== 'agreeing' || !this.#proposed) return;
    const { deadlines } = context.config;
    if (status === 'preparing' && this.#heard !== 'preparing' && proposal.type !== 'sign') {
      this.#heard = 'preparing';
      clocks.pause();
      clocks.disarm('step');
      clocks.arm('preparing', PREPARING_S);
    } else if (status === 'awaiting_approval' && this.#heard === 'nothing') {
      this.#heard = 'awaiting_approval';
      clocks.arm('step', deadlines.approval + deadlines.step);
      this.#life.show({ status: 'awaiting_approval' });
    }
  }

  /** Primes for a key generation or a refresh, and the ephemeral keys. */
  async #prepare(): Promise<void> {
    const { clocks, context, over, proposal } = this.#life;
    if (proposal.type !== 'sign') {
      this.#life.show({ status: 'preparing' });
      this.#tell('preparing');
      clocks.pause();
      const pairs = await context.stock.take(context.index === 1 ? 2 : 1, over);
      clocks.resume();
      this.#keep(pairs);
      this.#checkAlive();
      this.#life.show({ status: 'created' });
    }
    this.#life.open((event) => this.#events.onThread(event));
  }

  /** Primes that the protocol is never told go back: nobody has seen anything of them. */
  #keep(pairs: readonly PrimePair[]): void {
    const [pedersen, paillier] = pairs;
    if (pedersen === undefined) throw new Error('unreachable: no primes were taken');
    this.#primes = paillier === undefined ? { pedersen } : { pedersen, paillier };
    const { context, over } = this.#life;
    const putBack = (): void => {
      if (this.#primes !== undefined) context.stock.putBack(pairs);
      this.#primes = undefined;
    };
    if (over.aborted) putBack();
    else over.addEventListener('abort', putBack, { once: true });
  }

  async #certify(intent: Uint8Array): Promise<void> {
    const { context, port, proposal } = this.#life;
    const prepared = await port.prepare();
    this.#certificate = await certify(context, proposal, prepared, intent);
    this.#checkAlive();
  }

  /** For the partner's display and deadlines; lost, it does no harm. */
  #tell(status: string): void {
    const { context, proposal } = this.#life;
    if (proposal.initiator === 'own') return;
    context.send(proposal.partner.name, {
      type: 'session_sync',
      sessionId: proposal.id,
      round: 0,
      seq: 0,
      plaintext: encodeMail({ status } satisfies PeerSync),
      signature: '',
    });
  }

  #checkAlive(): void {
    if (this.#life.isDeaf || !this.#life.inTime()) throw new CosignerError('aborted');
  }

  #post(reply: boolean): void {
    const { context, courier, key, proposal } = this.#life;
    const { type, keySessionId, message } = proposal;
    const certificate = Buffer.from(this.#certificate).toString('base64');
    const asked = {
      ...(keySessionId === null ? {} : { key_session_id: keySessionId }),
      ...(key === undefined ? {} : { epoch: key.share.epoch }),
      ...(message === null ? {} : { message: message.text, hash: message.hash }),
      paillier_bits: key?.paillier_bits ?? context.config.paillier_bits,
    };
    const init: PeerInit = { operation: type, reply, certificate, ...(reply ? {} : asked) };
    courier.post({
      type: 'two_party_sign_init',
      round: 0,
      plaintext: encodeMail(init),
      signature: '',
    });
  }

  async #approved(intent: Uint8Array): Promise<boolean> {
    const { clocks, context, over, proposal, view } = this.#life;
    const { approvals, config } = context;
    const { id, type, partner, message } = proposal;
    if (approvals.asks) {
      this.#life.show({ status: 'awaiting_approval' });
      this.#tell('awaiting_approval');
    }
    const approvalTime = config.deadlines.approval * 1000;
    const expiry = new AbortController();
    // A timer holds what it ends: on Node 20 a signal of AbortSignal.timeout inside of any() is collected and never comes.
    const clock = setTimeout(() => {
      expiry.abort(new DOMException('no answer in time', 'TimeoutError'));
    }, approvalTime).unref();
    const request = {
      sessionId: id,
      type,
      partner: partner.name,
      address: view.address,
      message: message?.text ?? null,
      hash: message?.hash ?? null,
      digest: message === null ? null : hex0x(message.digest),
      intent,
      timeLeft: Math.min(approvalTime, clocks.left),
    };
    const approval = await approvals.decide(request, AbortSignal.any([over, expiry.signal]));
    clearTimeout(clock);
    if (this.#life.isDeaf || !this.#life.inTime()) return false;
    if (!approval.accept) {
      this.#life.abort('declined', approval.reason);
      return false;
    }
    this.#life.show({ status: 'created' });
    return true;
  }

  /** Both certificates are here: the session id follows. */
  async #agree(partnerCertificate: Uint8Array, peer: PeerKeys): Promise<void> {
    const { clocks, context, key } = this.#life;
    this.#life.phase = 'starting';
    clocks.disarm('preparing');
    clocks.resume();
    const own = this.#certificate;
    const certificates =
      context.index === 1 ? [own, partnerCertificate] : [partnerCertificate, own];
    const sid = deriveSessionId(key === undefined ? null : fromHex(key.key_id), certificates);
    const primes = this.#primes;
    this.#primes = undefined;
    await this.#events.onAgreed({ sid, peer, epoch: this.#epoch, primes });
  }
}
