/** The line of one session to its protocol thread, and the key that is open for it there. */
import type { Effect, Frame, Prepared, ThreadEvent } from '@quorate/two-party';
import { CosignerError } from '../errors.ts';
import type { KeyRecord } from '../store/keyRecords.ts';
import type { PrimesFor, SessionEvent } from '../worker/protocol.ts';
import type { ThreadPort } from '../worker/threads.ts';
import type { Proposal, SessionContext } from './context.ts';

type Agreed = Omit<Extract<Effect, { readonly do: 'start' }>, 'do'>;

/** The thread as one session knows it. */
export class ThreadLine {
  readonly #context: SessionContext;
  readonly #proposal: Proposal;
  #port: ThreadPort | undefined;
  /** The name of the key that is open for the session. */
  #held: string | undefined;
  #left = false;

  constructor(context: SessionContext, proposal: Proposal) {
    this.#context = context;
    this.#proposal = proposal;
  }

  /** @throws CosignerError `stopping`, `thread_stopped` */
  open(onEvent: (event: SessionEvent) => void): void {
    const { id, keySessionId } = this.#proposal;
    this.#port = this.#context.threads.open(id, keySessionId ?? id, onEvent);
  }

  /** Makes the ephemeral keys there; gives their public half. */
  prepare(): Promise<Prepared> {
    return this.#line.prepare();
  }

  /** Opens the key there. */
  async hold(key: KeyRecord): Promise<void> {
    const purpose = this.#proposal.type === 'refresh' ? 'refresh' : 'sign';
    this.#held = await this.#context.keyring.hold(key.session_id, this.#line, purpose);
    if (this.#left) this.#release();
  }

  /** Starts the protocol; `primes` are taken for a set-up alone. */
  start({ sid, peer }: Agreed, key: KeyRecord | undefined, primes: () => PrimesFor): void {
    const { config, index, store } = this.#context;
    const { type, message } = this.#proposal;
    const base = { sid, index, peer };
    if (type === 'sign') {
      const { lock, name } = this.#opened(key);
      if (message === null) throw new Error('unreachable: a signature of nothing');
      return this.#line.start({ ...base, kind: 'sign', key: name, lock, digest: message.digest });
    }
    const common = { ...base, primes: primes(), knownModuli: store.keys.moduli() };
    if (type === 'keygen') {
      return this.#line.start({ ...common, kind: 'keygen', bits: config.paillier_bits });
    }
    const { lock, name } = this.#opened(key);
    this.#line.start({ ...common, kind: 'refresh', key: name, lock });
  }

  /** Hands a message of the partner to the protocol. */
  deliver(frame: Frame): void {
    this.#line.receive(frame);
  }

  /**
   * The same for the message by which P2 may show that the key is unsafe: it is not looked at while a lock could not be
   * kept.
   * @throws CosignerError `internal`
   */
  deliverJudged(frame: Frame): void {
    if (!this.#context.store.keys.canWithdraw()) {
      throw new CosignerError('internal', 'nothing can be deleted in the store');
    }
    this.#line.receive(frame);
  }

  /** Ends the session there; the key stays open as long as the thread may work with it. */
  leave(): void {
    void (this.#port?.end() ?? Promise.resolve()).then(() => {
      this.#left = true;
      this.#release();
    });
  }

  get #line(): ThreadPort {
    if (this.#port === undefined) throw new Error('unreachable: no thread');
    return this.#port;
  }

  #opened(key: KeyRecord | undefined): { lock: KeyRecord['lock']; name: string } {
    if (key === undefined || this.#held === undefined) {
      throw new Error('unreachable: no key is open');
    }
    return { lock: key.lock, name: this.#held };
  }

  #release(): void {
    if (this.#held !== undefined) this.#context.keyring.release(this.#held);
    this.#held = undefined;
  }
}

/** The thread's message, without its secrets. */
export function threadEventOf(event: SessionEvent): ThreadEvent {
  switch (event.event) {
    case 'frames':
      return { type: 'frames', frames: event.frames };
    case 'ignored':
      return { type: 'ignored', round: event.round, reason: event.reason };
    case 'signature':
      return { type: 'signature', signature: event.signature };
    case 'share': {
      const { address, publicKey } = event.share;
      return { type: 'share', address, publicKey };
    }
    case 'aborted':
      return { type: 'aborted', verdict: event.abort };
    case 'refused':
      return { type: 'refused', reason: event.reason, message: event.message };
    default:
      return event satisfies never;
  }
}
