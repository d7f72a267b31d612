/**
 * Runs the sessions of one protocol thread. A proof or a signature that fails at P1 makes the key
 * unsafe: every other session of it ends here, in the same tick, and none begins (attacks.md L-1c).
 */
import {
  isAgentError,
  PartySession,
  prepare,
  type Preparation,
  type RoundFrame,
  sealShard,
} from '@quorate/agent';
import { parseAddress, recordId } from '@quorate/intent';
import {
  ethereumAddress,
  type Session,
  type Signature,
  TssError,
  twoPartyKeygen,
  type TwoPartyKeyshare,
  twoPartyRefresh,
  twoPartySign,
} from '@quorate/tss';
import { HeldKeys } from './heldKeys.ts';
import type {
  AbortedOutcome,
  KeygenStart,
  NewShare,
  RefreshStart,
  SignStart,
  WorkerEvent,
  WorkerOrder,
} from './protocol.ts';

interface Running {
  readonly party: PartySession<Signature> | PartySession<TwoPartyKeyshare>;
  /** The key that it uses, and how often that was opened; null at key generation. */
  readonly key: UsedKey | null;
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
  readonly #prepared = new Map<string, Preparation>();
  readonly #running = new Map<string, Running>();
  readonly #held = new HeldKeys();
  /** Keys that became unsafe here, and how often each had been opened by then. */
  readonly #unsafe = new Map<string, number>();

  constructor(post: (event: WorkerEvent, transfer: readonly ArrayBuffer[]) => void) {
    this.#post = post;
  }

  /** Carries out one order. */
  handle(order: WorkerOrder): void {
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
    return this.#held.prepareOne();
  }

  #prepare(id: string): void {
    const preparation = prepare();
    this.#prepared.set(id, preparation);
    const { nonce, keys } = preparation;
    const { x25519, ed25519 } = keys;
    this.#post({ event: 'prepared', id, nonce, x25519, ed25519 }, []);
  }

  /** A share that does not open is reported by the session that wants it. */
  #hold(name: string, share: Extract<WorkerOrder, { order: 'hold' }>['share']): void {
    try {
      this.#held.open(name, share);
    } catch (error) {
      if (!isExpected(error)) throw error;
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
    const preparation = this.#prepared.get(id);
    if (preparation === undefined) throw new Error('unreachable: a session that was not prepared');
    this.#prepared.delete(id);
    const { sid, index, peer } = start;
    const party = new PartySession(session, { sid, index, peers: [peer], keys: preparation.keys });
    const settle = (): AbortedOutcome | 'completed' | undefined => {
      const { outcome } = party;
      if (outcome?.status !== 'completed') return outcome;
      give(outcome.output);
      return 'completed';
    };
    return { party: party as Running['party'], key, settle };
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
      const { reason, culprits, round, message, evidence } = outcome;
      const keyUnsafe = outcome.keyUnsafe ?? null;
      const abort = { reason, culprits, keyUnsafe, round, message, evidence };
      // The cause comes first: the lock is on disk before the other sessions say that they ended.
      this.#post({ event: 'aborted', id, abort }, []);
      if (keyUnsafe !== null && running.key !== null) this.#stopKey(id, running.key);
    }
    this.#end(id);
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

  #postFrames(id: string, frames: readonly RoundFrame[]): void {
    if (frames.length > 0) this.#post({ event: 'frames', id, frames }, []);
  }

  #postShare(id: string, keyshare: TwoPartyKeyshare): void {
    const { publicKey, keyId, index, epoch } = keyshare;
    const address = ethereumAddress(publicKey);
    const name = recordId(keyId, index, epoch);
    const bytes = keyshare.encode();
    const identity = { publicKey, address: parseAddress(address), partIndex: index, epoch };
    const { encryptedShard, opener } = sealShard(bytes, { ...identity, recordId: name });
    bytes.fill(0);
    const share: NewShare = {
      publicKey,
      address,
      keyId,
      epoch,
      recordId: name,
      moduli: keyshare.moduli,
      encryptedShard,
      opener,
    };
    keyshare.wipe();
    this.#post(
      { event: 'share', id, share },
      opener.buffer instanceof ArrayBuffer ? [opener.buffer] : [],
    );
  }

  /** What this machine or its input is at fault for ends the session before anything is sent. */
  #refusable(id: string, start: () => void): void {
    try {
      start();
    } catch (error) {
      if (!isExpected(error)) throw error;
      const reason = 'code' in error && typeof error.code === 'string' ? error.code : 'refused';
      this.#post({ event: 'refused', id, reason, message: error.message }, []);
      this.#end(id);
    }
  }

  #end(id: string): void {
    this.#prepared.delete(id);
    this.#running.get(id)?.party.close();
    this.#running.delete(id);
  }
}

function usedKey(start: Start): UsedKey | null {
  if (start.kind === 'keygen') return null;
  const [id = ''] = start.key.split('/');
  return { id, reopened: start.lock.reopened };
}

function isExpected(error: unknown): error is Error {
  return error instanceof TssError || error instanceof RangeError || isAgentError(error);
}
