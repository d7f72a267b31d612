/** The protocol threads. All sessions of one key run in one thread, which knows at once when it is unsafe. */
import {
  isHolderError,
  type Logger,
  type Lost,
  type Prepared,
  refusedByLoss,
  type RoundFrame,
  type ThreadHealth,
  ThreadPool,
  transferSecret,
} from '@quorate/holder';
import { CosignerError } from '../errors.ts';
import {
  JUDGED_ROUND,
  type KeygenStart,
  type RefreshStart,
  type SessionAbort,
  type SessionEvent,
  type ShareToOpen,
  type SignStart,
  type WorkerOrder,
} from './protocol.ts';

/** One session's line to its thread. */
export interface ThreadPort {
  prepare(): Promise<Prepared>;
  /** Opens a key in this session's thread; the opener is transferred. */
  hold(key: string, share: ShareToOpen): void;
  start(start: KeygenStart | SignStart | RefreshStart): void;
  receive(frame: RoundFrame): void;
  /**
   * Asks for the end. Everything that the thread found before, such as a lock, still arrives; the promise
   * resolves after that.
   */
  end(): Promise<void>;
}

/** The inputs of the threads. */
export interface ThreadsOptions {
  readonly size: number;
  readonly logger: Logger;
  /** How long a thread may work on one thing, milliseconds. */
  readonly timeoutMs?: number;
  /** Called when a thread is gone, with it every key that it held open. */
  readonly onLost: () => void;
}

/** The threads of one server. */
export class Threads {
  readonly #pool: ThreadPool<WorkerOrder, SessionEvent>;

  constructor(options: ThreadsOptions) {
    const entry = new URL('../../dist/worker/main.js', import.meta.url);
    this.#pool = new ThreadPool({ ...options, entry });
  }

  /** The table of the threads. */
  get health(): readonly ThreadHealth[] {
    return this.#pool.health;
  }

  /**
   * Opens a session; `affinity` names the key, and chooses the thread.
   * @throws CosignerError `stopping`, `thread_stopped`
   */
  open(id: string, affinity: string, onEvent: (event: SessionEvent) => void): ThreadPort {
    if (this.#pool.isClosed) throw new CosignerError('stopping');
    const judgement = new Judgement();
    const line = told(() =>
      this.#pool.open(id, affinity, (event) => {
        judgement.heard(event);
        if (event.event !== 'lost') return onEvent(event);
        const heard = judgement.ofLost(event);
        if (heard !== undefined) onEvent(heard);
      }),
    );
    return {
      prepare: () => told(() => line.prepare()),
      hold: (key, share) => {
        transferSecret(share.opener, (opener, transfer) => {
          // For every session of the key, so this one's end does not matter.
          this.#pool.post(affinity, { order: 'hold', key, share: { ...share, opener } }, transfer);
        });
      },
      start: (start) => {
        judgement.started(start);
        line.post({ order: 'start', id, start });
      },
      receive: (frame) => {
        judgement.received(frame);
        line.post({ order: 'receive', id, frame });
      },
      end: () => line.end(),
    };
  }

  /** Overwrites a key that a thread holds open. */
  wipe(affinity: string, key: string): void {
    this.#pool.post(affinity, { order: 'wipe', key });
  }

  /** Ends all sessions, and stops the threads once each has said all that it has to say. */
  close(): Promise<void> {
    return this.#pool.close();
  }
}

/**
 * Whether P1's Paillier key may be at work on what the partner sent. A thread that is gone in the middle of that may be
 * gone because of a secret, and the partner sees that it is: the key counts as one whose proof failed (lindell17.md, S5).
 */
class Judgement {
  #isP1Signature = false;
  #open = 0;

  started(start: KeygenStart | SignStart | RefreshStart): void {
    this.#isP1Signature = start.kind === 'sign' && start.index === 1;
  }

  received({ round }: RoundFrame): void {
    if (this.#isP1Signature && round === JUDGED_ROUND) this.#open += 1;
  }

  heard(event: SessionEvent | Lost): void {
    if (event.event === 'signature' || event.event === 'aborted') this.#open = 0;
    if (event.event === 'ignored' && event.round === JUDGED_ROUND) this.#open -= 1;
  }

  ofLost(lost: Lost): SessionEvent | undefined {
    const { id, message } = lost;
    if (this.#open > 0) return { event: 'aborted', id, abort: unsafe(message) };
    return refusedByLoss(lost);
  }
}

function unsafe(message: string): SessionAbort {
  const reason = 'thread_stopped';
  const blame = { culprits: [], evidence: [], keyUnsafe: 'refreshable' } as const;
  return { reason, round: JUDGED_ROUND, message: `${message} while it judged`, ...blame };
}

/** The pool's refusals by the code that a caller is told. */
function told<T>(work: () => T): T {
  try {
    const result = work();
    if (!(result instanceof Promise)) return result;
    return result.catch((error: unknown) => Promise.reject(named(error))) as T;
  } catch (error) {
    throw named(error);
  }
}

function named(error: unknown): unknown {
  if (!isHolderError(error, 'thread_stopped')) return error;
  return new CosignerError('thread_stopped', error.message, error);
}
