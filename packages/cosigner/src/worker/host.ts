/**
 * Runs the sessions of one protocol thread. A proof or a signature that fails at P1 makes the key
 * unsafe: every other session of it ends here, in the same tick, and none begins (L-1c).
 */
import { faultOf, PartySession, Preparations, refusable, type RoundFrame } from '@quorate/holder';
import type { Session, Signature } from '@quorate/tss';
import {
  twoPartyKeygen,
  type TwoPartyKeyshare,
  twoPartyRefresh,
  twoPartySign,
} from '@quorate/tss/lindell17';
import { HeldKeys } from './heldKeys.ts';
import { sealNewShare } from './newShare.ts';
import {
  type AbortedOutcome,
  JUDGED_ROUND,
  type KeygenStart,
  type RefreshStart,
  type SessionAbort,
  type SignStart,
  type WorkerEvent,
  type WorkerOrder,
} from './protocol.ts';

interface Running {
  readonly party: PartySession<Signature> | PartySession<TwoPartyKeyshare>;
  /** The key that it uses, and how often that was opened; null at key generation. */
  readonly key: UsedKey | null;
  /** The round whose message P1 judges with its Paillier key; null where there is none. */
  readonly judgedRound: number | null;
  /** Hands on what the session gave. */
  readonly settle: () => AbortedOutcome | 'completed' | undefined;
}

interface UsedKey {
  readonly id: string;
  readonly reopened: number;
}

type Start = KeygenStart | SignStart | RefreshStart;

/** The sessions of one thread. */
export class ProtocolHost {
  readonly #post: (event: WorkerEvent, transfer: readonly ArrayBuffer[]) => void;
  readonly #preparations = new Preparations();
  readonly #running = new Map<string, Running>();
  readonly #held = new HeldKeys();
  /** Keys that became unsafe here, and how often each had been opened by then. */
  readonly #unsafe = new Map<string, number>();

  constructor(post: (event: WorkerEvent, transfer: readonly ArrayBuffer[]) => void) {
    this.#post = post;
  }

  /** Carries out one order. A fault of our own ends its session, and neither the thread nor any other session. */
  handle(order: WorkerOrder): void {
    try {
      this.#carryOut(order);
    } catch (error) {
      this.#faulted(order, error);
    }
  }

  #carryOut(order: WorkerOrder): void {
    switch (order.order) {
      case 'prepare':
        return this.#prepare(order.id);
      case 'hold':
        return this.#hold(order.key, order.share);
      case 'wipe':
        return this.#held.wipe(order.key);
      case 'start':
        return this.#refusable(order.id, () => this.#start(order.id, order.start));
      case 'receive':
        return this.#receive(order.id, order.frame);
      case 'end':
        this.#end(order.id);
        return this.#post({ event: 'ended', id: order.id }, []);
      default:
        order satisfies never;
    }
  }

  /** Work for idle moments; false when there is none. */
  idle(): boolean {
    try {
      return this.#held.prepareOne();
    } catch (error) {
      this.#postFault('', error);
      return false;
    }
  }

  #prepare(id: string): void {
    this.#post({ event: 'prepared', id, ...this.#preparations.make(id) }, []);
  }

  /** A share that does not open is reported by the session that wants it. */
  #hold(name: string, share: Extract<WorkerOrder, { order: 'hold' }>['share']): void {
    try {
      this.#held.open(name, share);
    } catch (error) {
      if (refusable(error) === undefined) throw error;
    }
  }

  #start(id: string, start: Start): void {
    const key = usedKey(start);
    // The order may have left before the lock was known where it came from.
    if (start.kind === 'sign' && key !== null && key.reopened <= (this.#unsafe.get(key.id) ?? -1)) {
      throw new RangeError('the key was locked a moment ago');
    }
    const run =
      start.kind === 'sign'
        ? this.#runningOf(id, start, key, this.#signing(start), (signature) =>
            this.#post({ event: 'signature', id, signature: signature.bytes }, []),
          )
        : this.#runningOf(id, start, key, this.#settingUp(start), (keyshare) =>
            this.#postShare(id, keyshare),
          );
    this.#running.set(id, run);
    this.#postFrames(id, run.party.start());
    this.#settle(id, run);
  }

  #signing({ sid, key, lock, digest }: SignStart): Session<Signature> {
    const keyshare = this.#held.keyshare(key);
    const nonce = keyshare.role === 'P2' ? this.#held.takeNonce(key) : undefined;
    const prepared = nonce === undefined ? {} : { nonce };
    return twoPartySign({ sessionId: sid, keyshare, lock, digest, ...prepared });
  }

  #settingUp(start: KeygenStart | RefreshStart): Session<TwoPartyKeyshare> {
    const { sid: sessionId, primes, knownModuli } = start;
    if (start.kind === 'refresh') {
      const keyshare = this.#held.keyshare(start.key);
      return twoPartyRefresh({ sessionId, keyshare, lock: start.lock, primes, knownModuli });
    }
    const role = start.index === 1 ? 'P1' : 'P2';
    return twoPartyKeygen({ role, sessionId, bits: start.bits, primes, knownModuli });
  }

  #runningOf<T extends Signature | TwoPartyKeyshare>(
    id: string,
    start: Start,
    key: UsedKey | null,
    session: Session<T>,
    give: (output: T) => void,
  ): Running {
    const preparation = this.#preparations.take(id);
    if (preparation === undefined) throw new Error('unreachable: a session that was not prepared');
    const { sid, index, peer } = start;
    const party = new PartySession(session, { sid, index, peers: [peer], keys: preparation.keys });
    const settle = (): AbortedOutcome | 'completed' | undefined => {
      const { outcome } = party;
      if (outcome?.status !== 'completed') return outcome;
      give(outcome.output);
      return 'completed';
    };
    const judgedRound = start.kind === 'sign' && index === 1 ? JUDGED_ROUND : null;
    return { party: party as Running['party'], key, judgedRound, settle };
  }

  #receive(id: string, frame: RoundFrame): void {
    const running = this.#running.get(id);
    if (running === undefined) return;
    const received = running.party.receive(frame);
    if (received.ignored === null) this.#postFrames(id, received.frames);
    else this.#post({ event: 'ignored', id, round: frame.round, reason: received.ignored }, []);
    this.#settle(id, running);
  }

  #settle(id: string, running: Running): void {
    const outcome = running.settle();
    if (outcome === undefined) return;
    if (outcome !== 'completed') {
      const { reason, culprits, round, message, evidence, cause } = outcome;
      const keyUnsafe = outcome.keyUnsafe ?? null;
      if (cause !== undefined) this.#postFault(id, cause);
      this.#abort(id, running, { reason, culprits, keyUnsafe, round, message, evidence });
    }
    this.#end(id);
  }

  /** The cause comes first: the lock is on disk before the other sessions say that they ended. */
  #abort(id: string, running: Running | undefined, abort: SessionAbort): void {
    this.#post({ event: 'aborted', id, abort }, []);
    const key = running?.key ?? null;
    if (abort.keyUnsafe !== null && key !== null) this.#stopKey(id, key);
  }

  /**
   * A failure of the protocol itself is an outcome of its own (`cause`). This is a fault around it: after P2's
   * last message has come, P1's key counts as unsafe, as the protocol would have it (lindell17.md, S5).
   */
  #faulted(order: WorkerOrder, error: unknown): void {
    if (!('id' in order)) return this.#postFault('', error);
    const { id } = order;
    const running = this.#running.get(id);
    const round = order.order === 'receive' ? order.frame.round : 0;
    const judges = running?.judgedRound === round;
    this.#postFault(id, error);
    const message = 'this party could not go on';
    const blame = { culprits: [], evidence: [], keyUnsafe: judges ? 'refreshable' : null } as const;
    this.#abort(id, running, { reason: 'internal-error', round, message, ...blame });
    try {
      this.#end(id);
    } catch (another) {
      this.#postFault(id, another);
    }
  }

  #postFault(id: string, error: unknown): void {
    this.#post({ event: 'fault', id, fault: faultOf(error) }, []);
  }

  /** Ends every other session of a key, in the turn in which it was found unsafe. */
  #stopKey(cause: string, key: UsedKey): void {
    this.#unsafe.set(key.id, key.reopened);
    for (const [id, running] of this.#running) {
      if (id === cause || running.key?.id !== key.id) continue;
      const message = 'another session made this key unsafe';
      const abort = { reason: 'key-unsafe', culprits: [], keyUnsafe: null, round: 0, message };
      this.#post({ event: 'aborted', id, abort: { ...abort, evidence: [] } }, []);
      this.#end(id);
    }
  }

  /** Also without any: the session knows by that that its order is done. */
  #postFrames(id: string, frames: readonly RoundFrame[]): void {
    this.#post({ event: 'frames', id, frames }, []);
  }

  #postShare(id: string, keyshare: TwoPartyKeyshare): void {
    const share = sealNewShare(keyshare);
    keyshare.wipe();
    const { buffer } = share.opener;
    this.#post({ event: 'share', id, share }, buffer instanceof ArrayBuffer ? [buffer] : []);
  }

  /** A fault of this machine or its input ends the session before anything is sent. */
  #refusable(id: string, start: () => void): void {
    try {
      start();
    } catch (error) {
      const refusal = refusable(error);
      if (refusal === undefined) throw error;
      const { code: reason = 'refused', message } = refusal;
      this.#post({ event: 'refused', id, reason, message }, []);
      this.#end(id);
    }
  }

  #end(id: string): void {
    this.#preparations.discard(id);
    const running = this.#running.get(id);
    this.#running.delete(id);
    running?.party.close();
  }
}

function usedKey(start: Start): UsedKey | null {
  if (start.kind === 'keygen') return null;
  const [id = ''] = start.key.split('/');
  return { id, reopened: start.lock.reopened };
}
