/** What `/readyz` tells: whether the server can work, and what an operator should know although it does. */
import { describeStep, type ClockWatch } from './clockWatch.ts';
import type { StoreProbe } from './store/probe.ts';

/** The state of one server. */
export interface Health {
  /** Why the server cannot work; undefined when it can. */
  problem(): Promise<string | undefined>;
  /** What an operator should look at. */
  warnings(): readonly string[];
}

/** What {@link createHealth} looks at. */
export interface HealthOptions {
  readonly store: StoreProbe;
  readonly clockWatch: ClockWatch;
  /** False while the server starts or drains. */
  readonly isReady: () => boolean;
}

/** Looks at a server whenever it is asked. */
export function createHealth({ store, clockWatch, isReady }: HealthOptions): Health {
  return {
    problem: async () => (isReady() ? store.problem() : 'the server starts or stops'),
    warnings: () => (clockWatch.last === undefined ? [] : [describeStep(clockWatch.last)]),
  };
}
