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
  end(): void;
}

interface Listener {
  readonly onEvent: (event: SessionEvent) => void;
  prepared: { resolve: (value: Prepared) => void; reject: (error: Error) => void } | undefined;
}

interface Slot {
  worker: Worker;
  ready: boolean;
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
      const slot: Slot = { worker: spawn(), ready: false, sessions: new Map() };
      this.#watch(slot);
      return slot;
    });
  }

  /** Opens a session; `affinity` names the key, and chooses the thread. */
  open(id: string, affinity: string, onEvent: (event: SessionEvent) => void): ThreadPort {
    const slot = this.#slotOf(affinity);
    const listener: Listener = { onEvent, prepared: undefined };
    slot.sessions.set(id, listener);
    const post = (order: WorkerOrder, transfer: ArrayBuffer[] = []): void => {
      if (slot.sessions.get(id) === listener) slot.worker.postMessage(order, transfer);
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
        post({ order: 'hold', key, share: { ...share, opener } }, [opener.buffer]);
      },
      start: (start) => post({ order: 'start', id, start }),
      receive: (frame) => post({ order: 'receive', id, frame }),
      end: () => {
        post({ order: 'end', id });
        slot.sessions.delete(id);
      },
    };
  }

  /** Overwrites a key that a thread holds open. */
  wipe(affinity: string, key: string): void {
    if (!this.#closed) this.#slotOf(affinity).worker.postMessage({ order: 'wipe', key });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#slots.map(({ worker }) => worker.terminate()));
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
      if (this.#closed) return;
      const sessions = [...slot.sessions];
      slot.sessions.clear();
      if (!slot.ready) this.#logger.error({}, 'the protocol thread does not start');
      else {
        slot.ready = false;
        slot.worker = spawn();
        this.#watch(slot);
      }
      this.#onLost();
      for (const [id, listener] of sessions) {
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
  if (event.event !== 'prepared') return listener.onEvent(event);
  const { nonce, x25519, ed25519 } = event;
  listener.prepared?.resolve({ nonce, x25519, ed25519 });
  listener.prepared = undefined;
}

function spawn(): Worker {
  const options = { env: {}, argv: [], execArgv: [] };
  return new Worker(new URL('../../dist/worker/main.js', import.meta.url), options);
}
