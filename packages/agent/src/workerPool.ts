/**
 * Threads for protocols, started before they are needed, so that a signature does not wait for one.
 * All sessions of one key run in one thread: a ban is then known to all of them at once.
 */
import { Worker } from 'node:worker_threads';
import { createHash } from 'node:crypto';
import { AgentError } from './errors.ts';
import { type Logger, silentLogger } from './logger.ts';
import type {
  KeygenStart,
  RoundFrame,
  SignStart,
  WorkerEvent,
  WorkerOrder,
} from './session/protocol.ts';

/** What `prepare` gives: the public half of a session's ephemeral keys, and its nonce. */
export type Prepared = Pick<
  Extract<WorkerEvent, { event: 'prepared' }>,
  'nonce' | 'x25519' | 'ed25519'
>;

/** Events that reach the owner of a session. */
export type SessionEvent = Exclude<WorkerEvent, { event: 'prepared' | 'ready' | 'ended' }>;

/** One session's line to its thread. */
export interface SessionPort {
  prepare(): Promise<Prepared>;
  startKeygen(start: KeygenStart): void;
  /** The opener is transferred: the caller's buffer is empty afterwards. */
  startSign(start: SignStart): void;
  receive(frame: RoundFrame): void;
  /** Asks whose messages are missing: the event `waiting` says it. */
  askWaiting(): void;
  /** Asks for the end; what the thread has found until then, a ban for instance, still arrives. */
  end(): void;
}

/** The threads of one agent. */
export interface WorkerPool {
  /** Opens a session; `affinity` is the key id for a signature, null for a key generation. */
  open(id: string, affinity: string | null, onEvent: (event: SessionEvent) => void): SessionPort;
  /** Ends all sessions, and stops the threads once each has said all that it has to say. */
  close(): Promise<void>;
}

interface Slot {
  worker: Worker;
  /** Whether the thread ever came up: one that cannot start is not started again and again. */
  ready: boolean;
  broken: boolean;
  readonly sessions: Map<string, Listener>;
  /** Called when the last session of a thread that is to stop has ended. */
  idle: (() => void) | undefined;
}

interface Listener {
  readonly onEvent: (event: SessionEvent) => void;
  /** The end was ordered and is not confirmed yet. */
  ending: boolean;
  prepared: { resolve: (value: Prepared) => void; reject: (error: Error) => void } | undefined;
}

/** Starts the threads. They run the build, because a thread cannot run the sources. */
export function createWorkerPool(size: number, logger: Logger = silentLogger): WorkerPool {
  return new Threads(size, logger);
}

class Threads implements WorkerPool {
  readonly #logger: Logger;
  readonly #slots: readonly Slot[];
  #closed = false;

  constructor(size: number, logger: Logger) {
    this.#logger = logger;
    this.#slots = Array.from({ length: size }, () => {
      const sessions = new Map<string, Listener>();
      const slot: Slot = {
        worker: spawn(),
        ready: false,
        broken: false,
        sessions,
        idle: undefined,
      };
      this.#watch(slot);
      return slot;
    });
  }

  open(id: string, affinity: string | null, onEvent: (event: SessionEvent) => void): SessionPort {
    if (this.#closed) throw new AgentError('worker/stopped', 'the agent is stopping');
    const slot = this.#choose(affinity);
    if (slot.broken) throw new AgentError('worker/stopped', 'the protocol thread does not start');
    const listener: Listener = { onEvent, ending: false, prepared: undefined };
    slot.sessions.set(id, listener);
    const post = (order: WorkerOrder, transfer: ArrayBuffer[] = []): void => {
      if (slot.sessions.get(id) !== listener || listener.ending) return;
      slot.worker.postMessage(order, transfer);
    };
    return {
      prepare: () =>
        new Promise((resolve, reject) => {
          listener.prepared = { resolve, reject };
          post({ order: 'prepare', id });
        }),
      startKeygen: (start) => post({ order: 'keygen', id, start }),
      startSign: (start) => {
        const opener = new Uint8Array(start.opener);
        start.opener.fill(0);
        post({ order: 'sign', id, start: { ...start, opener } }, [opener.buffer]);
        if (opener.byteLength > 0) opener.fill(0); // not transferred: the session is ending
      },
      receive: (frame) => post({ order: 'receive', id, frame }),
      askWaiting: () => post({ order: 'waiting', id }),
      end: () => {
        post({ order: 'end', id });
        listener.ending = true;
      },
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#slots.map((slot) => this.#stop(slot)));
  }

  /** A thread is not stopped while a ban may be on its way out of it. */
  async #stop(slot: Slot): Promise<void> {
    await new Promise<void>((resolve) => {
      slot.idle = resolve;
      for (const [id, listener] of slot.sessions) {
        if (!listener.ending) slot.worker.postMessage({ order: 'end', id });
        listener.ending = true;
      }
      if (slot.sessions.size === 0) resolve();
    });
    await slot.worker.terminate();
  }

  #choose(affinity: string | null): Slot {
    const { length } = this.#slots;
    const byKey = affinity === null ? undefined : this.#slots[numberOf(affinity) % length];
    const slot = byKey ?? this.#slots.toSorted((a, b) => a.sessions.size - b.sessions.size)[0];
    if (!slot) throw new Error('unreachable: a pool without threads');
    return slot;
  }

  #watch(slot: Slot): void {
    const { worker } = slot;
    worker.on('message', (event: WorkerEvent) => deliver(slot, event));
    worker.on('error', (error) =>
      this.#logger.error({ error: error.message }, 'protocol thread failed'),
    );
    worker.on('exit', () => {
      const sessions = [...slot.sessions];
      slot.sessions.clear();
      slot.idle?.();
      if (this.#closed) return;
      slot.broken = !slot.ready;
      slot.ready = false;
      if (!slot.broken) {
        slot.worker = spawn();
        this.#watch(slot);
      }
      for (const [id, listener] of sessions) {
        listener.prepared?.reject(new AgentError('worker/stopped', 'the protocol thread failed'));
        if (listener.ending) continue;
        const message = 'the protocol thread failed';
        listener.onEvent({ event: 'refused', id, reason: 'worker/stopped', message });
      }
    });
  }
}

function deliver(slot: Slot, event: WorkerEvent): void {
  if (event.event === 'ready') {
    slot.ready = true;
    return;
  }
  const listener = slot.sessions.get(event.id);
  if (!listener) return;
  if (event.event === 'ended') {
    slot.sessions.delete(event.id);
    if (slot.sessions.size === 0) slot.idle?.();
    return;
  }
  if (event.event !== 'prepared') return listener.onEvent(event);
  const { nonce, x25519, ed25519 } = event;
  listener.prepared?.resolve({ nonce, x25519, ed25519 });
  listener.prepared = undefined;
}

function spawn(): Worker {
  return new Worker(new URL('../dist/worker.js', import.meta.url), {
    env: {},
    argv: [],
    // Without the flags of the program that embeds us: they may resolve packages to their sources.
    execArgv: [],
  });
}

function numberOf(affinity: string): number {
  return createHash('sha256').update(affinity).digest().readUInt32BE(0);
}
