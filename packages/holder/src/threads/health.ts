/** The health of protocol threads, as servers, logs and metrics show it. */

/**
 * `ready`: it answers. `busy`: it has worked on one thing for longer than a moment. `replaced`: the one before was
 * ended or died, and the new one is not up yet. `stopped`: nothing runs here now.
 */
export type ThreadState = 'ready' | 'busy' | 'replaced' | 'stopped';

/** One row of the table. */
export interface ThreadHealth {
  /** From 0. */
  readonly index: number;
  readonly state: ThreadState;
  /** How long ago the thread was last known to go on, milliseconds; an idle one is asked every few seconds. */
  readonly last_answer_ms: number;
  /** Sessions in it. */
  readonly sessions: number;
  /** How often a thread of this place was replaced. */
  readonly restarts: number;
  /** Sessions that ended by an error of our own. */
  readonly faults: number;
  /** Threads of this place that stood still and could not be ended: they go with the process. */
  readonly stuck: number;
}

/** Whether any of them can take a session. */
export function canServe(threads: readonly ThreadHealth[]): boolean {
  return threads.some(({ state }) => state !== 'stopped');
}

/** How many threads of the past still stand in the process. */
export function stuckThreads(threads: readonly ThreadHealth[]): number {
  return threads.reduce((sum, { stuck }) => sum + stuck, 0);
}
