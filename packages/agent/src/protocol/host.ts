/**
 * All sessions of one protocol thread. Everything here is synchronous: a ban stops the other
 * sessions of the pair in the same turn in which it is found (O-12).
 */
import { parseAddress, recordId, toHex } from '@quorate/intent';
import {
  ethereumAddress,
  Keyshare,
  keygen,
  type Session,
  type Signature,
  sign,
  TssError,
} from '@quorate/tss';
import { AgentError, isAgentError } from '../errors.ts';
import { faultOf } from '../threads/fault.ts';
import { sealShard } from './shard.ts';
import { openKeyshare } from './openKeyshare.ts';
import { type PartyOutcome, PartySession, type Preparation, prepare } from './partySession.ts';
import {
  type KeygenStart,
  LAST_SIGN_ROUND,
  type RoundFrame,
  type SignStart,
  type WorkerEvent,
  type WorkerOrder,
} from './orders.ts';

/** Sends an event to the main thread; `transfer` names the buffers that move instead of being copied. */
export type Post = (event: WorkerEvent, transfer: readonly ArrayBuffer[]) => void;

interface Running {
  readonly party: PartySession<Keyshare> | PartySession<Signature>;
  /** Hex of the key id for a signature, null for a key generation. */
  readonly key: string | null;
  readonly peers: readonly number[];
  /** Reports the outcome once there is one. */
  readonly settle: () => PartyOutcome<unknown> | undefined;
  readonly wipe: () => void;
}

/** Runs the sessions that the main thread orders. */
export class SessionHost {
  readonly #post: Post;
  readonly #prepared = new Map<string, Preparation>();
  readonly #running = new Map<string, Running>();
  /** Bans found by this thread, by key: faster than the record that the main thread keeps. */
  readonly #bans = new Map<string, Set<number>>();

  constructor(post: Post) {
    this.#post = post;
  }

  /** Carries out an order. A fault of our own ends its session, and neither the thread nor any other session. */
  handle(order: WorkerOrder): void {
    try {
      this.#carryOut(order);
    } catch (error) {
      this.#faulted(order.id, error);
    }
  }

  #carryOut(order: WorkerOrder): void {
    switch (order.order) {
      case 'prepare':
        return this.#prepare(order.id);
      case 'keygen':
        return this.#start(order.id, () => this.#keygen(order.id, order.start));
      case 'sign':
        try {
          return this.#start(order.id, () => this.#sign(order.id, order.start));
        } finally {
          order.start.opener.fill(0);
        }
      case 'receive':
        return this.#receive(order.id, order.frame);
      case 'waiting':
        return this.#tellWaiting(order.id);
      case 'end':
        this.#end(order.id);
        return this.#post({ event: 'ended', id: order.id }, []);
    }
  }

  #prepare(id: string): void {
    const preparation = prepare();
    this.#prepared.set(id, preparation);
    const { x25519, ed25519 } = preparation.keys;
    this.#post({ event: 'prepared', id, nonce: preparation.nonce, x25519, ed25519 }, []);
  }

  #keygen(id: string, start: KeygenStart): void {
    const { sid, threshold, parties, index } = start;
    const session = keygen({ sessionId: sid, threshold, parties, index });
    const party = this.#party(id, session, start);
    this.#run(id, {
      party,
      key: null,
      peers: start.peers.map((peer) => peer.index),
      settle: () => {
        const { outcome } = party;
        if (outcome?.status === 'completed') this.#postKey(id, outcome.output);
        return outcome;
      },
      wipe: () => undefined,
    });
  }

  #sign(id: string, start: SignStart): void {
    const keyshare = openKeyshare(start);
    try {
      const key = toHex(start.expected.keyId);
      const peers = start.peers.map((peer) => peer.index);
      const bans = [...new Set([...start.bans, ...(this.#bans.get(key) ?? [])])];
      const { sid, signers, digest } = start;
      const session = sign({ sessionId: sid, keyshare, signers, digest, bans });
      const party = this.#party(id, session, start);
      const settle = (): PartyOutcome<Signature> | undefined => {
        const { outcome } = party;
        if (outcome?.status === 'completed') {
          this.#post({ event: 'signature', id, signature: outcome.output.bytes }, []);
        }
        return outcome;
      };
      this.#run(id, { party, key, peers, settle, wipe: () => keyshare.wipe() });
    } catch (error) {
      keyshare.wipe();
      throw error;
    }
  }

  #party<T>(id: string, session: Session<T>, start: KeygenStart | SignStart): PartySession<T> {
    const preparation = this.#prepared.get(id);
    if (!preparation) throw new AgentError('session/refused', 'this session was not prepared');
    this.#prepared.delete(id);
    const { sid, index, peers } = start;
    return new PartySession(session, { sid, index, peers, keys: preparation.keys });
  }

  #run(id: string, running: Running): void {
    this.#running.set(id, running);
    this.#postFrames(id, running, running.party.start());
    this.#settle(id, running);
  }

  #receive(id: string, frame: RoundFrame): void {
    const running = this.#running.get(id);
    if (!running) return;
    const received = running.party.receive(frame);
    if (received.ignored === null) {
      this.#postFrames(id, running, received.frames);
    } else {
      const { round, from } = frame;
      const { ignored: reason, awaited } = received;
      this.#post({ event: 'ignored', id, round, from, reason, awaited }, []);
    }
    this.#settle(id, running);
  }

  #tellWaiting(id: string): void {
    const running = this.#running.get(id);
    if (running) this.#post({ event: 'waiting', id, ...running.party.waiting }, []);
  }

  #settle(id: string, running: Running): void {
    const outcome = running.settle();
    if (!outcome) return;
    if (outcome.status === 'aborted') {
      const { status: _, cause, ...abort } = outcome;
      if (cause !== undefined) this.#postFault(id, cause);
      const { key } = running;
      const banning = key !== null && abort.bans.length > 0;
      if (banning) this.#note(key, abort.bans);
      this.#post({ event: 'aborted', id, abort: plainAbort(abort) }, []);
      if (banning) this.#endOthers(id, key);
    }
    this.#end(id);
  }

  #note(key: string, banned: readonly number[]): void {
    const known = this.#bans.get(key) ?? new Set();
    for (const peer of banned) known.add(peer);
    this.#bans.set(key, known);
  }

  /**
   * Stops every other session of this key with a banned peer, in the turn in which the ban is found.
   * The cause was posted before them, and each of them names the ban too: whichever arrives first,
   * the ban is on disk before anybody is told of anything.
   */
  #endOthers(cause: string, key: string): void {
    const known = this.#bans.get(key) ?? new Set();
    for (const [id, running] of this.#running) {
      const culprits = running.peers.filter((peer) => known.has(peer));
      if (id === cause || running.key !== key || culprits.length === 0) continue;
      const message = 'another session with this party ended in a ban';
      const abort = {
        reason: 'banned-pair',
        culprits,
        bans: culprits,
        round: 0,
        message,
        evidence: [],
      };
      this.#post({ event: 'aborted', id, abort }, []);
      this.#end(id);
    }
  }

  #postFrames(id: string, running: Running, frames: readonly RoundFrame[]): void {
    if (frames.length > 0) this.#post({ event: 'frames', id, frames }, []);
    // What follows the last round of signing needs no share: nothing is left of it while others are awaited.
    if (running.key !== null && frames.some(({ round }) => round === LAST_SIGN_ROUND)) {
      running.wipe();
    }
  }

  #postKey(id: string, keyshare: Keyshare): void {
    const { publicKey, keyId, index, epoch } = keyshare;
    const address = ethereumAddress(publicKey);
    const record = recordId(keyId, index, epoch);
    const bytes = keyshare.encode();
    const { encryptedShard, opener } = sealShard(bytes, {
      publicKey,
      address: parseAddress(address),
      partIndex: index,
      epoch,
      recordId: record,
    });
    bytes.fill(0);
    keyshare.wipe();
    this.#post(
      { event: 'key', id, address, publicKey, keyId, recordId: record, encryptedShard, opener },
      opener.buffer instanceof ArrayBuffer ? [opener.buffer] : [],
    );
  }

  /** What this machine or its input is at fault for ends the session before anything is sent. */
  #start(id: string, start: () => void): void {
    // A second start of a session that runs is nobody's order: the first one goes on.
    if (this.#running.has(id)) return;
    try {
      start();
    } catch (error) {
      const known = error instanceof TssError || error instanceof RangeError || isAgentError(error);
      if (!known) throw error;
      const reason = 'code' in error ? error.code : 'session/refused';
      this.#post({ event: 'refused', id, reason, message: error.message }, []);
      this.#end(id);
    }
  }

  /** The others of the session learn that this party could not go on, the local log why. */
  #faulted(id: string, error: unknown): void {
    const round = this.#running.get(id)?.party.waiting.round ?? 0;
    this.#postFault(id, error);
    try {
      this.#end(id);
    } catch (another) {
      this.#postFault(id, another);
    }
    const message = 'this party could not go on';
    const blame = { culprits: [], bans: [], evidence: [] };
    this.#post(
      { event: 'aborted', id, abort: { reason: 'internal-error', round, message, ...blame } },
      [],
    );
  }

  #postFault(id: string, error: unknown): void {
    this.#post({ event: 'fault', id, fault: faultOf(error) }, []);
  }

  #end(id: string): void {
    this.#prepared.delete(id);
    const running = this.#running.get(id);
    if (!running) return;
    this.#running.delete(id);
    try {
      running.party.close();
    } finally {
      running.wipe();
    }
  }
}

/** Only what can be cloned and says nothing secret leaves the thread. */
function plainAbort(
  abort: Omit<Extract<PartyOutcome<unknown>, { status: 'aborted' }>, 'status'>,
): Extract<WorkerEvent, { event: 'aborted' }>['abort'] {
  const { reason, bans, round, message, evidence } = abort;
  // The certificates of all hold every parameter of these protocols: one that runs others deviated.
  const culprits = [...abort.culprits, ...abort.differing];
  return { reason, culprits, bans, round, message, evidence };
}
