/**
 * One place in a pool: a thread, its sessions, and the consequences when the thread dies or stands still. The pool gives
 * such a thread up, whether or not it can end it: a thread that stands still in native code cannot be ended.
 */
import { Worker } from 'node:worker_threads';
import { HolderError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type {
  CommonEvent,
  CommonOrder,
  Lost,
  Ping,
  Prepared,
  Stop,
  ThreadData,
} from './control.ts';
import type { Deferred } from './deferred.ts';
import type { ThreadHealth, ThreadState } from './health.ts';
import { Pulse, turnOf } from './pulse.ts';

/** A thread that lived for so long was in order, milliseconds. */
const STEADY_MS = 60_000;
/** How long a thread may take to come up, whatever time it has later, milliseconds. */
const START_MS = 30_000;
/** How long the place stays empty after a second loss in a row, and at most, milliseconds. */
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;
/** Threads that stand still for ever keep their memory: with so many the place stays empty. */
const MAX_STUCK = 3;
/** How long a thread may take to end by itself, and then by force, milliseconds. */
const TERMINATE_MS = 2000;

/** The options of a place. */
export interface SlotOptions {
  readonly index: number;
  /** The thread's program, of the build: a thread cannot run the sources. */
  readonly entry: URL;
  /** How long a thread may work on one thing, milliseconds. */
  readonly timeoutMs: number;
  readonly logger: Logger;
  /** Called when a thread is gone, before its sessions hear of it. */
  readonly onLost: () => void;
}

/** A session in a thread. */
export interface Listener<Event> {
  readonly onEvent: (event: Event | Lost) => void;
  /** The end was ordered and is not confirmed yet. */
  ending: boolean;
  readonly ended: Deferred<void>;
  prepared: Deferred<Prepared> | undefined;
}

/** One thread after another, in one place. */
export class Slot<Order, Event extends { readonly event: string; readonly id: string }> {
  readonly sessions: Map<string, Listener<Event>> = new Map();
  readonly #options: SlotOptions;
  readonly #turn: NodeJS.Timeout;
  #worker: Worker | undefined;
  #pulse: Pulse;
  #startedAt = 0;
  #isReady = false;
  /** One that has never come up is not started again. */
  #wasReady = false;
  #losses = 0;
  #restarts = 0;
  #faults = 0;
  /** Given up, and not ended. */
  readonly #stuck = new Set<Worker>();
  #restart: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: SlotOptions) {
    this.#options = options;
    this.#pulse = new Pulse(options.timeoutMs);
    this.#turn = setInterval(() => this.#look(), turnOf(options.timeoutMs));
    this.#turn.unref();
    this.#start();
  }

  /** Whether there is a thread. */
  get isUp(): boolean {
    return this.#worker !== undefined;
  }

  get health(): ThreadHealth {
    return {
      index: this.#options.index,
      state: this.#state(),
      last_answer_ms: this.#pulse.age,
      sessions: this.sessions.size,
      restarts: this.#restarts,
      faults: this.#faults,
      stuck: this.#stuck.size,
    };
  }

  /** Gives an order to the thread; false when there is none. */
  post(order: Order | CommonOrder | Ping, transfer: readonly ArrayBuffer[] = []): boolean {
    this.#worker?.postMessage(order, [...transfer]);
    return this.isUp;
  }

  /** Ends the sessions, and the thread once it has said all that it has to say of them. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#restart);
    const ends = [...this.sessions].map(([id, listener]) => {
      if (!listener.ending) this.post({ order: 'end', id });
      listener.ending = true;
      return listener.ended.promise;
    });
    await Promise.all(ends);
    clearInterval(this.#turn);
    const worker = this.#worker;
    this.#worker = undefined;
    if (worker !== undefined) await this.#terminate(worker);
  }

  #state(): ThreadState {
    if (this.#worker === undefined) return 'stopped';
    if (!this.#isReady) return this.#restarts > 0 ? 'replaced' : 'busy';
    return this.#pulse.isLate ? 'busy' : 'ready';
  }

  #start(): void {
    this.#pulse = new Pulse(this.#options.timeoutMs);
    this.#startedAt = performance.now();
    this.#isReady = false;
    const workerData: ThreadData = { pulse: this.#pulse.shared };
    // Without the flags of the program that embeds us: they may resolve packages to their sources.
    const worker = new Worker(this.#options.entry, { workerData, env: {}, argv: [], execArgv: [] });
    this.#worker = worker;
    worker.on('message', (event: Event | CommonEvent) => {
      if (worker === this.#worker) this.#deliver(event);
    });
    worker.on('error', (error) =>
      this.#options.logger.error(
        { ...this.#named, error: error.message },
        'protocol thread failed',
      ),
    );
    worker.on('exit', () => this.#exited(worker));
  }

  get #named(): { readonly thread: number } {
    return { thread: this.#options.index };
  }

  #deliver(event: Event | CommonEvent): void {
    if (isCommon(event)) return this.#handle(event);
    this.sessions.get(event.id)?.onEvent(event);
  }

  #handle(event: CommonEvent): void {
    if (event.event === 'ready') {
      this.#isReady = true;
      this.#wasReady = true;
      return;
    }
    if (event.event === 'fault') {
      this.#faults += 1;
      const fields = { ...this.#named, session: event.id, ...event.fault };
      return this.#options.logger.error(fields, 'a session ended because of an error of our own');
    }
    const listener = this.sessions.get(event.id);
    if (listener === undefined) return;
    if (event.event === 'ended') {
      this.sessions.delete(event.id);
      return listener.ended.resolve();
    }
    // A session that is ending certifies nothing any more.
    if (listener.ending) return;
    const { nonce, x25519, ed25519 } = event;
    listener.prepared?.resolve({ nonce, x25519, ed25519 });
    listener.prepared = undefined;
  }

  #look(): void {
    const worker = this.#worker;
    if (worker === undefined) return;
    if (!this.#isReady && performance.now() - this.#startedAt < START_MS) return;
    const look = this.#pulse.look();
    if (look === 'ask') this.post({ order: 'ping' });
    if (look !== 'silent') return;
    const { logger, timeoutMs } = this.#options;
    const fields = { ...this.#named, sessions: this.sessions.size, timeout_ms: timeoutMs };
    logger.error(fields, 'the protocol thread stands still and is given up');
    this.#worker = undefined;
    this.#stuck.add(worker);
    worker.unref();
    void endThread(worker);
    this.#lost('the protocol thread did not answer');
  }

  #exited(worker: Worker): void {
    if (worker === this.#worker) {
      this.#worker = undefined;
      return this.#lost('the protocol thread failed');
    }
    if (!this.#stuck.delete(worker)) return;
    this.#options.logger.info(this.#named, 'the protocol thread that stood still has ended');
    // The place was empty because of too many of them.
    if (this.#worker === undefined && this.#restart === undefined) this.#startAgain();
  }

  #lost(message: string): void {
    const sessions = [...this.sessions];
    this.sessions.clear();
    if (!this.#closed) this.#startAgain();
    this.#options.onLost();
    for (const [id, listener] of sessions) {
      listener.prepared?.reject(new HolderError('thread_stopped', message));
      listener.onEvent({ event: 'lost', id, message, ending: listener.ending });
      listener.ended.resolve();
    }
  }

  /** The first time at once; when it happens again and again, after longer and longer pauses. */
  #startAgain(): void {
    const { logger } = this.#options;
    if (this.#closed) return;
    if (!this.#wasReady) return logger.error(this.#named, 'the protocol thread does not start');
    if (this.#stuck.size > MAX_STUCK) {
      const fields = { ...this.#named, stuck: this.#stuck.size };
      return logger.error(fields, 'too many protocol threads stand still: restart this program');
    }
    if (performance.now() - this.#startedAt > STEADY_MS) this.#losses = 0;
    this.#losses += 1;
    this.#restarts += 1;
    if (this.#losses === 1) return this.#start();
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** (this.#losses - 2), LONGEST_PAUSE_MS);
    logger.warn({ ...this.#named, pause_ms: pause }, 'the protocol thread is started again later');
    this.#restart = setTimeout(() => {
      this.#restart = undefined;
      this.#start();
    }, pause);
    this.#restart.unref();
  }

  async #terminate(worker: Worker): Promise<void> {
    if (await endThread(worker)) return;
    this.#stuck.add(worker);
    worker.unref();
  }
}

/**
 * Lets a thread end by itself, between two orders, and ends it by force when it does not; false when that fails, too.
 * Force is the last resort: it aborts the whole process if it meets the thread inside of libsecp256k1's binding, whose
 * callback into JavaScript fails then.
 */
async function endThread(worker: Worker): Promise<boolean> {
  const exited = new Promise<void>((resolve) => {
    worker.once('exit', () => resolve());
  });
  worker.postMessage({ order: 'stop' } satisfies Stop);
  if (await within(TERMINATE_MS, exited)) return true;
  return within(TERMINATE_MS, worker.terminate());
}

/** Whether something comes in that time. */
async function within(milliseconds: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds);
  });
  const inTime = await Promise.race([work.then(() => true), late]);
  clearTimeout(timer);
  return inTime;
}

function isCommon(event: { readonly event: string }): event is CommonEvent {
  return ['ready', 'prepared', 'fault', 'ended'].includes(event.event);
}
