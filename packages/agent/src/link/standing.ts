/** The status of a link: tells each change, and settles those who wait for the registration. */
import { HolderError, type Logger } from '@quorate/holder';
import { AgentError } from '../errors.ts';
import type { LinkStatus } from './types.ts';

/** Hears each change of status. */
type Listener = (status: LinkStatus, detail: string) => void;

/** The status of one link. */
export class Standing {
  status: LinkStatus = 'closed';
  /** The reason why the link ended as `failed`. */
  failure: HolderError | undefined;
  readonly #logger: Logger;
  readonly #listener: Listener | undefined;
  readonly #waiters = createWaiters();

  constructor(logger: Logger, listener: Listener | undefined) {
    this.#logger = logger;
    this.#listener = listener;
  }

  /** Resolves at the next (or present) registration, rejects when the link ends. */
  registered(): Promise<void> {
    if (this.status === 'registered') return Promise.resolve();
    const error = this.#error();
    return error ? Promise.reject(error) : this.#waiters.wait();
  }

  /** Changes the status. */
  set(status: LinkStatus, detail: string): void {
    if (this.status === status) return;
    this.status = status;
    this.#logger.info({ status, detail }, 'link');
    this.#listener?.(status, detail);
    const error = this.#error();
    if (error !== undefined || status === 'registered') this.#waiters.settle(error);
  }

  /** Ends the link as `failed`. */
  fail(error: HolderError): void {
    this.failure = error;
    this.set('failed', error.message);
  }

  #error(): AgentError | HolderError | undefined {
    return this.failure ?? ended(this.status);
  }
}

/** The error of a status in which a link never registers again. */
function ended(status: LinkStatus): AgentError | HolderError | undefined {
  switch (status) {
    case 'closed':
      return new AgentError('link/closed', 'the link is closed');
    case 'refused':
      return new AgentError('link/refused', 'the coordinator refused the registration');
    case 'replaced':
      return new AgentError('link/refused', 'another process took over this registration');
    case 'failed':
      return new HolderError('store/tampered', 'the state on disk cannot be believed');
    case 'connecting':
    case 'registered':
    case 'waiting':
      return undefined;
  }
}

/** Promises that are settled together. */
interface Waiters {
  wait(): Promise<void>;
  /** Resolves all, or rejects them with an error. */
  settle(error?: Error): void;
}

/** Makes an empty set of waiters. */
function createWaiters(): Waiters {
  let waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  return {
    wait: () => new Promise((resolve, reject) => waiting.push({ resolve, reject })),
    settle: (error) => {
      const settled = waiting;
      waiting = [];
      for (const { resolve, reject } of settled) {
        if (error) reject(error);
        else resolve();
      }
    },
  };
}
