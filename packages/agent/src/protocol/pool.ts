/** The protocol threads of one agent. */
import { type Logger, silentLogger } from '../logger.ts';
import type { KeygenStart, RoundFrame, SignStart, WorkerEvent, WorkerOrder } from './orders.ts';
import type { CommonEvent, Lost, Prepared } from '../threads/control.ts';
import type { ThreadHealth } from '../threads/health.ts';
import { ThreadPool } from '../threads/pool.ts';

export type { Prepared } from '../threads/control.ts';

/** Events that reach the owner of a session. */
export type SessionEvent = Exclude<WorkerEvent, CommonEvent>;

/** One session's line to its thread. */
export interface SessionPort {
  prepare(): Promise<Prepared>;
  startKeygen(start: KeygenStart): void;
  /** The opener is transferred: the caller's buffer is empty afterwards. */
  startSign(start: SignStart): void;
  receive(frame: RoundFrame): void;
  /** Asks whose messages are missing; `waiting` answers. */
  askWaiting(): void;
  /** Asks for the end; what the thread has found until then, a ban for instance, still arrives. */
  end(): void;
}

/** The threads of one agent. */
export interface WorkerPool {
  /** Opens a session; `affinity` is the key id for a signature, null for a key generation. */
  open(id: string, affinity: string | null, onEvent: (event: SessionEvent) => void): SessionPort;
  /** The table of the threads. */
  readonly health: readonly ThreadHealth[];
  /** Ends all sessions, and stops the threads once each has said all that it has to say. */
  close(): Promise<void>;
}

/** What the threads are started with. */
export interface WorkerPoolOptions {
  readonly logger?: Logger;
  /** How long a thread may work on one thing, milliseconds. */
  readonly timeoutMs?: number;
  /** Called when a thread died or was given up. */
  readonly onLost?: () => void;
}

/** Starts the threads. */
export function createWorkerPool(size: number, options: WorkerPoolOptions = {}): WorkerPool {
  const { logger = silentLogger, timeoutMs, onLost } = options;
  const pool = new ThreadPool<WorkerOrder, SessionEvent>({
    size,
    entry: new URL('../../dist/protocol/worker.js', import.meta.url),
    logger,
    timeoutMs,
    ...(onLost === undefined ? {} : { onLost }),
  });
  return {
    open: (id, affinity, onEvent) => {
      const line = pool.open(id, affinity, (event) => hear(event, onEvent));
      return {
        prepare: () => line.prepare(),
        startKeygen: (start) => line.post({ order: 'keygen', id, start }),
        startSign: (start) => {
          const opener = new Uint8Array(start.opener);
          start.opener.fill(0);
          line.post({ order: 'sign', id, start: { ...start, opener } }, [opener.buffer]);
          if (opener.byteLength > 0) opener.fill(0); // not transferred: the session is ending
        },
        receive: (frame) => line.post({ order: 'receive', id, frame }),
        askWaiting: () => line.post({ order: 'waiting', id }),
        end: () => void line.end(),
      };
    },
    get health() {
      return pool.health;
    },
    close: () => pool.close(),
  };
}

/** A session that was ended before loses nothing with its thread. */
function hear(event: SessionEvent | Lost, onEvent: (event: SessionEvent) => void): void {
  if (event.event !== 'lost') return onEvent(event);
  const { id, message, ending } = event;
  if (!ending) onEvent({ event: 'refused', id, reason: 'thread_stopped', message });
}
