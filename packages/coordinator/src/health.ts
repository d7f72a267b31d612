/** What `/readyz` tells: whether the server can work, and what an operator should know although it does. */
import { describeStep, type ClockWatch } from './clockWatch.ts';
import type { Database } from './store/database.ts';

/** The state of one server. */
export interface Health {
  /** Why the server cannot work; undefined when it can. */
  problem(): Promise<string | undefined>;
  /** What an operator should look at. */
  warnings(): readonly string[];
}

/** What {@link createHealth} looks at. */
export interface HealthOptions {
  readonly database: Database;
  readonly clockWatch: ClockWatch;
  /** False while the server starts or drains. */
  readonly isReady: () => boolean;
}

/** Looks at a server whenever it is asked. */
export function createHealth({ database, clockWatch, isReady }: HealthOptions): Health {
  return {
    problem: async () => {
      if (!isReady()) return 'the server starts or stops';
      return database
        .read((tx) => tx.get('SELECT 1 AS one', []))
        .then(
          () => undefined,
          () => 'the store cannot be read',
        );
    },
    warnings: () => (clockWatch.last === undefined ? [] : [describeStep(clockWatch.last)]),
  };
}
