/** The rounds of a session: what the partner says goes to the protocol thread, what that says goes out. */
import { verifySignature } from '@quorate/intent';
import {
  firstStep,
  hex0x,
  isExpected,
  isJudged,
  isResult,
  messageOfRound,
} from '@quorate/two-party';
import { CosignerError } from '../errors.ts';
import type { PeerMessage } from '../peer/connection.ts';
import type { KeyRecord } from '../store/keyRecords.ts';
import type { NewShare, SessionAbort, SessionEvent } from '../worker/protocol.ts';
import type { Agreed } from './agreement.ts';
import { lockCode } from './keyState.ts';
import type { SessionLife } from './life.ts';
import { recordVerdict } from './verdict.ts';

type Frame = Extract<SessionEvent, { event: 'frames' }>['frames'][number];

/** Rounds that came before the partner's certificate did. */
const MAX_EARLY = 8;

/** The rounds of one session. */
export class Rounds {
  readonly #life: SessionLife;
  readonly #onShare: (share: NewShare) => void;
  readonly #early: PeerMessage[] = [];
  /** P1's last message: it leaves when the signature in it is on disk. */
  readonly #held: Frame[] = [];

  constructor(life: SessionLife, onShare: (share: NewShare) => void) {
    this.#life = life;
    this.#onShare = onShare;
  }

  /** Both sides agree: the protocol begins. */
  async start({ sid, peer, epoch, primes }: Agreed): Promise<void> {
    const { context, key, port, proposal } = this.#life;
    const { index, config, store } = context;
    const { type, message } = proposal;
    this.#life.checkEpoch(epoch);
    const held = key === undefined ? '' : await this.#life.hold(key);
    if (held === undefined || this.#life.isDeaf || !this.#life.inTime()) return;
    this.#life.checkEpoch(epoch);
    this.#life.phase = 'running';
    this.#life.show({ status: 'running', step: firstStep(type) });
    this.#life.armStep();
    const base = { sid, index, peer };
    if (type === 'sign' && message !== null) {
      const { lock } = this.#usable();
      port.start({ ...base, kind: 'sign', key: held, lock, digest: message.digest });
    } else if (primes !== undefined) {
      const common = { ...base, primes, knownModuli: store.keys.moduli() };
      port.start(
        key === undefined
          ? { ...common, kind: 'keygen', bits: config.paillier_bits }
          : { ...common, kind: 'refresh', key: held, lock: key.lock },
      );
    }
    for (const early of this.#early.splice(0)) this.receive(early);
  }

  /** Takes a message of a round; of another side, round or kind of session it is of no effect. */
  receive(message: PeerMessage): void {
    const { context, phase, proposal } = this.#life;
    const from = context.index === 1 ? 2 : 1;
    if (!isExpected(proposal.type, message, from)) return;
    if (phase === 'agreeing' || phase === 'starting') {
      if (this.#early.length < MAX_EARLY) this.#early.push(message);
      return;
    }
    if (phase !== 'running' || !this.#life.inTime()) return;
    // What shows that a key is unsafe is not looked at while its lock could not be kept.
    if (isJudged(proposal.type, message.round) && !context.store.keys.canWithdraw()) {
      return this.#life.fail('internal', 'nothing can be deleted in the store');
    }
    this.#life.moved(message.round);
    this.#life.port.receive({
      round: message.round,
      from,
      to: context.index,
      body: Buffer.from(message.plaintext).toString('base64'),
      signature: message.signature,
    });
  }

  /** A lock holds, and evidence stays, however the session ended in the meantime. */
  onThread(event: SessionEvent): void {
    const { context, proposal } = this.#life;
    if (event.event === 'aborted') recordVerdict(this.#life, event.abort);
    if (this.#life.isDeaf) {
      if (event.event === 'share') event.share.opener.fill(0);
      return;
    }
    switch (event.event) {
      case 'frames':
        for (const frame of event.frames) {
          if (isResult(proposal.type, frame.round)) this.#held.push(frame);
          else this.#post(frame);
        }
        return;
      case 'ignored':
        return context.logger.warn(
          { session_id: proposal.id, round: event.round, reason: event.reason },
          'a message was ignored',
        );
      case 'signature':
        return this.#signed(event.signature);
      case 'share':
        return this.#onShare(event.share);
      case 'aborted':
        return this.#aborted(event.abort);
      case 'refused':
        return this.#refused(event.reason, event.message);
      default:
        event satisfies never;
    }
  }

  #refused(reason: string, message: string): void {
    if (reason === 'thread_stopped') return this.#life.fail(reason, message);
    this.#life.fail('internal', `${reason}: ${message}`);
  }

  /** A lock that came while the certificates travelled. @throws CosignerError */
  #usable(): KeyRecord {
    const { key } = this.#life;
    if (key === undefined) throw new CosignerError('unknown_key');
    const locked = this.#life.context.locks.locked(key);
    if (locked.lock.state !== 'none') throw new CosignerError(lockCode(locked));
    return key;
  }

  #post(frame: Frame): void {
    const { type } = this.#life.proposal;
    if (messageOfRound(type, frame.round) === undefined) {
      throw new Error('unreachable: a round without a name');
    }
    if (!this.#life.inTime()) return;
    this.#life.moved(frame.round);
    // From here on only P1 knows whether there is a signature.
    if (isJudged(type, frame.round)) this.#life.leaveOutcome();
    this.#send(frame);
  }

  #send({ round, body, signature }: Frame): void {
    const message = messageOfRound(this.#life.proposal.type, round);
    if (message === undefined) return;
    const plaintext = Buffer.from(body, 'base64');
    this.#life.courier.post({ type: message.type, round, plaintext, signature });
  }

  #signed(signature: Uint8Array): void {
    const { message } = this.#life.proposal;
    const { address } = this.#life.view;
    const good =
      message !== null && address !== null && verifySignature(message.digest, signature, address);
    if (!good) return this.#life.fail('internal', 'a signature that does not verify');
    if (!this.#life.inTime()) return;
    this.#life.complete({ signature: hex0x(signature) }, () => {
      for (const frame of this.#held.splice(0)) this.#send(frame);
    });
  }

  #aborted({ keyUnsafe, message }: SessionAbort): void {
    const locked = keyUnsafe === 'terminal' ? 'key_retired' : 'key_locked';
    this.#life.abort(keyUnsafe === null ? 'aborted' : locked, message);
  }
}
