/**
 * All sessions of one protocol thread. Everything here is synchronous: a ban stops the other
 * sessions of the pair in the same turn in which it is found (O-12).
 */
import {
  faultOf,
  type PartyOutcome,
  type Preparation,
  Preparations,
  refusable,
  type RoundFrame,
} from '@quorate/holder';
import { AgentError } from '../errors.ts';
import type { SessionAbort } from './frames.ts';
import type {
  ProtocolKind,
  ProtocolOutput,
  StartOf,
  StartOrder,
  WorkerEvent,
  WorkerOrder,
} from './orders.ts';
import type { Running, ThreadProtocol } from './protocol.ts';

/** Sends an event to the main thread; `transfer` names the buffers that move instead of being copied. */
export type Post = (event: WorkerEvent, transfer: readonly ArrayBuffer[]) => void;

/** One protocol for each kind that has rounds. */
export type Protocols = {
  readonly [P in ProtocolKind]: ThreadProtocol<StartOf<P>, ProtocolOutput>;
};

type Session = Running<ProtocolOutput>;

/** Runs the sessions that the main thread orders. */
export class SessionHost {
  readonly #protocols: Protocols;
  readonly #post: Post;
  readonly #preparations = new Preparations();
  readonly #running = new Map<string, Session>();
  /** Bans found by this thread, by key: faster than the record that the main thread keeps. */
  readonly #bans = new Map<string, Set<number>>();

  constructor(protocols: Protocols, post: Post) {
    this.#protocols = protocols;
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
      case 'start':
        return this.#start(order);
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
    this.#post({ event: 'prepared', id, ...this.#preparations.make(id) }, []);
  }

  /** Starts a protocol, and wipes the opener whether it opened anything or not. */
  #start(order: StartOrder): void {
    const { id, kind, start } = order;
    try {
      this.#refusing(id, () => this.#run(id, this.#begin(id, kind, start)));
    } finally {
      const { opener } = { opener: undefined, ...start };
      opener?.fill(0);
    }
  }

  #begin<P extends ProtocolKind>(id: string, kind: P, start: StartOf<P>): Session {
    return this.#protocols[kind].begin(
      start,
      () => this.#takePrepared(id),
      (key) => [...(this.#bans.get(key) ?? [])],
    );
  }

  #takePrepared(id: string): Preparation {
    const preparation = this.#preparations.take(id);
    if (preparation !== undefined) return preparation;
    throw new AgentError('session/refused', 'this session was not prepared');
  }

  #run(id: string, running: Session): void {
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

  #settle(id: string, running: Session): void {
    const outcome = running.outcome();
    if (!outcome) return;
    if (outcome.status === 'aborted') this.#postAbort(id, running, outcome);
    else {
      const transfer = outcome.secrets.flatMap(({ buffer }) =>
        buffer instanceof ArrayBuffer ? [buffer] : [],
      );
      this.#post({ event: 'output', id, output: outcome.output }, transfer);
    }
    this.#end(id);
  }

  #postAbort(id: string, { key }: Session, outcome: Aborted): void {
    const { status: _, cause, ...abort } = outcome;
    if (cause !== undefined) this.#postFault(id, cause);
    const banning = key !== null && abort.bans.length > 0;
    if (banning) this.#note(key, abort.bans);
    this.#post({ event: 'aborted', id, abort: plainAbort(abort) }, []);
    if (banning) this.#endOthers(id, key);
  }

  #note(key: string, banned: readonly number[]): void {
    const known = this.#bans.get(key) ?? new Set();
    for (const peer of banned) known.add(peer);
    this.#bans.set(key, known);
  }

  /**
   * Stops every other session of this key with a banned peer, in the turn in which the ban is found.
   * This thread posts the cause before them, and each of them names the ban too: whichever arrives first, the ban
   * is on disk before anybody hears of anything.
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

  #postFrames(id: string, running: Session, frames: readonly RoundFrame[]): void {
    if (frames.length > 0) this.#post({ event: 'frames', id, frames }, []);
    if (frames.some(({ round }) => round === running.lastRound)) running.wipe();
  }

  /** Refuses a session for a fault of this machine or its input, before anything is sent. */
  #refusing(id: string, start: () => void): void {
    // Nobody orders a second start of a running session: the first one goes on.
    if (this.#running.has(id)) return;
    try {
      start();
    } catch (error) {
      const refusal = refusable(error);
      if (refusal === undefined) throw error;
      const { code: reason = 'session/refused', message } = refusal;
      this.#post({ event: 'refused', id, reason, message }, []);
      this.#end(id);
    }
  }

  /** Tells the others of the session that this party could not go on, and the local log why. */
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
    this.#preparations.discard(id);
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

type Aborted = Extract<PartyOutcome<unknown>, { status: 'aborted' }>;

/** The parts of an abort that can be cloned and hold no secret: only these leave the thread. */
function plainAbort(abort: Omit<Aborted, 'status'>): SessionAbort {
  const { reason, bans, round, message, evidence } = abort;
  // The certificates of all hold every parameter of these protocols: one that runs others deviated.
  const culprits = [...abort.culprits, ...abort.differing];
  return { reason, culprits, bans, round, message, evidence };
}
