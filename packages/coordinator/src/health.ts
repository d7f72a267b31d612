/** What `/readyz` tells: whether the server can work, and what an operator should know although it does. */
import { describeStep, type ClockWatch } from './clockWatch.ts';
import type { Audit } from './audit/index.ts';
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
  readonly audit: Pick<Audit, 'problem' | 'isKept'>;
  readonly clockWatch: ClockWatch;
  /** False while the server starts or drains. */
  readonly isReady: () => boolean;
}

/** Looks at a server whenever it is asked. */
export function createHealth({ store, audit, clockWatch, isReady }: HealthOptions): Health {
  return {
    problem: async () => {
      if (!isReady()) return 'the server starts or stops';
      const broken = audit.problem();
      if (broken !== undefined) return `the audit log is not intact: ${broken}`;
      return store.problem();
    },
    warnings: () => [
      ...(clockWatch.last === undefined ? [] : [describeStep(clockWatch.last)]),
      ...(audit.isKept() ? [] : [NOT_KEPT]),
    ],
  };
}

const NOT_KEPT = 'the last checkpoint of the audit log is not kept outside of the database';
