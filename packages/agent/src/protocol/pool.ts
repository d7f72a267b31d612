/** The protocol threads of one agent. */
import {
  type CommonEvent,
  type Logger,
  type Lost,
  type Prepared,
  refusedByLoss,
  type RoundFrame,
  type SessionLine,
  silentLogger,
  type ThreadHealth,
  ThreadPool,
  transferSecret,
} from '@quorate/holder';
import type { ProtocolKind, StartOf, StartOrder, WorkerEvent, WorkerOrder } from './orders.ts';

/** Events that reach the owner of a session. */
export type SessionEvent = Exclude<WorkerEvent, CommonEvent>;

/** One session's line to its thread. */
export interface SessionPort {
  prepare(): Promise<Prepared>;
  /** Starts a protocol. An opener is transferred: the caller's buffer is empty afterwards. */
  start<P extends ProtocolKind>(kind: P, start: StartOf<P>): void;
  receive(frame: RoundFrame): void;
  /** Asks whose messages are missing; `waiting` answers. */
  askWaiting(): void;
  /** Asks for the end; everything that the thread has found until then, a ban for instance, still arrives. */
  end(): void;
}

/** The threads of one agent. */
export interface WorkerPool {
  /** Opens a session; `affinity` is the key id for a signature, null for a key generation. */
  open(id: string, affinity: string | null, onEvent: (event: SessionEvent) => void): SessionPort;
  /** The table of the threads. */
  readonly health: readonly ThreadHealth[];
  /** Ends all sessions, and stops each thread once it has said everything. */
  close(): Promise<void>;
}

/** Options of the threads. */
export interface WorkerPoolOptions {
  readonly logger?: Logger;
  /** The time that a thread may work on one thing, milliseconds. */
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
        start: (kind, start) => startOn(line, id, kind, start),
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

function startOn<P extends ProtocolKind>(
  line: SessionLine<WorkerOrder>,
  id: string,
  kind: P,
  start: StartOf<P>,
): void {
  const order: StartOrder<P> = { order: 'start', id, kind, start };
  const { opener } = { opener: undefined, ...start };
  if (opener === undefined) return line.post(order);
  transferSecret(opener, (own, transfer) =>
    line.post({ ...order, start: { ...start, opener: own } }, transfer),
  );
}

function hear(event: SessionEvent | Lost, onEvent: (event: SessionEvent) => void): void {
  const heard = event.event === 'lost' ? refusedByLoss(event) : event;
  if (heard !== undefined) onEvent(heard);
}
