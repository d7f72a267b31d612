/** The protocol threads. All sessions of one key run in one thread, which knows at once when it is unsafe. */
import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import type { Logger, RoundFrame } from '@quorate/agent';
import { CosignerError } from '../errors.ts';
import type {
  KeygenStart,
  RefreshStart,
  SessionEvent,
  ShareToOpen,
  SignStart,
  WorkerEvent,
  WorkerOrder,
} from './protocol.ts';

/** The public half of a session's ephemeral keys, and its nonce. */
export interface Prepared {
  readonly nonce: Uint8Array;
  readonly x25519: Uint8Array;
  readonly ed25519: Uint8Array;
}

/** One session's line to its thread. */
export interface ThreadPort {
  prepare(): Promise<Prepared>;
  /** Opens a key in this session's thread; the opener is transferred. */
  hold(key: string, share: ShareToOpen): void;
  start(start: KeygenStart | SignStart | RefreshStart): void;
  receive(frame: RoundFrame): void;
  /**
   * Asks for the end. What the thread found until then, a lock for instance, still arrives; the
   * promise resolves after all of it.
   */
  end(): Promise<void>;
}

interface Listener {
  readonly onEvent: (event: SessionEvent) => void;
  /** The end was ordered and is not confirmed yet. */
  ending: boolean;
  readonly ended: Ended;
  prepared: { resolve: (value: Prepared) => void; reject: (error: Error) => void } | undefined;
}

interface Ended {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

interface Slot {
  worker: Worker;
  ready: boolean;
  /** The thread never came up, and is not started again. */
  broken: boolean;
  readonly sessions: Map<string, Listener>;
}

/** The threads of one server. */
export class Threads {
  readonly #slots: readonly Slot[];
  readonly #logger: Logger;
  readonly #onLost: () => void;
  #closed = false;

  /** `onLost` is called when a thread died, with it every key that it held open. */
  constructor(size: number, logger: Logger, onLost: () => void) {
    this.#logger = logger;
    this.#onLost = onLost;
    this.#slots = Array.from({ length: size }, () => {
      const slot: Slot = { worker: spawn(), ready: false, broken: false, sessions: new Map() };
      this.#watch(slot);
      return slot;
    });
  }

  /**
   * Opens a session; `affinity` names the key, and chooses the thread.
   * @throws CosignerError when there is no thread any more
   */
  open(id: string, affinity: string, onEvent: (event: SessionEvent) => void): ThreadPort {
    if (this.#closed) throw new CosignerError('stopping');
    const slot = this.#slotOf(affinity);
    if (slot.broken) throw new CosignerError('internal', 'the protocol thread does not start');
    const listener: Listener = {
      onEvent,
      ending: false,
      ended: makeEnded(),
      prepared: undefined,
    };
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
      hold: (key, share) => {
        const opener = new Uint8Array(share.opener);
        share.opener.fill(0);
        // For every session of the key, so this one's end does not matter.
        const order: WorkerOrder = { order: 'hold', key, share: { ...share, opener } };
        slot.worker.postMessage(order, [opener.buffer]);
      },
      start: (start) => post({ order: 'start', id, start }),
      receive: (frame) => post({ order: 'receive', id, frame }),
      end: () => {
        post({ order: 'end', id });
        listener.ending = true;
        return listener.ended.promise;
      },
    };
  }

  /** Overwrites a key that a thread holds open. */
  wipe(affinity: string, key: string): void {
    if (!this.#closed) this.#slotOf(affinity).worker.postMessage({ order: 'wipe', key });
  }

  /** Ends all sessions, and stops the threads once each has said all that it has to say. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#slots.map((slot) => this.#stop(slot)));
  }

  /** A thread is not stopped while a lock may be on its way out of it. */
  async #stop(slot: Slot): Promise<void> {
    const ends = [...slot.sessions].map(([id, listener]) => {
      if (!listener.ending) slot.worker.postMessage({ order: 'end', id } satisfies WorkerOrder);
      listener.ending = true;
      return listener.ended.promise;
    });
    await Promise.all(ends);
    await slot.worker.terminate();
  }

  #slotOf(affinity: string): Slot {
    const number = createHash('sha256').update(affinity).digest().readUInt32BE(0);
    const slot = this.#slots[number % this.#slots.length];
    if (slot === undefined) throw new Error('unreachable: a server without threads');
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
      for (const [, listener] of sessions) listener.ended.resolve();
      if (this.#closed) return;
      if (!slot.ready) {
        slot.broken = true;
        this.#logger.error({}, 'the protocol thread does not start');
      } else {
        slot.ready = false;
        slot.worker = spawn();
        this.#watch(slot);
      }
      this.#onLost();
      for (const [id, listener] of sessions) {
        if (listener.ending) continue;
        const message = 'the protocol thread failed';
        listener.prepared?.reject(new CosignerError('internal', message));
        listener.onEvent({ event: 'refused', id, reason: 'internal', message });
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
  if (listener === undefined) return;
  if (event.event === 'ended') {
    slot.sessions.delete(event.id);
    return listener.ended.resolve();
  }
  if (event.event !== 'prepared') return listener.onEvent(event);
  // A session that is ending certifies nothing any more.
  if (listener.ending) return;
  const { nonce, x25519, ed25519 } = event;
  listener.prepared?.resolve({ nonce, x25519, ed25519 });
  listener.prepared = undefined;
}

function makeEnded(): Ended {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

function spawn(): Worker {
  const options = { env: {}, argv: [], execArgv: [] };
  return new Worker(new URL('../../dist/worker/main.js', import.meta.url), options);
}
