/** The health at `/readyz`: whether the server can work, and warnings for the operator. */
import type { PartHealth } from '@quorate/wire';
import { describeStep, type ClockWatch } from './clockWatch.ts';
import type { Audit } from './audit/index.ts';
import type { LoopWatch } from './loopWatch.ts';
import type { StoreProbe } from './store/probe.ts';

/** The state of one server. */
export interface Health {
  /** Why the server cannot work; undefined if it can. */
  problem(): Promise<string | undefined>;
  /** Warnings for the operator. */
  warnings(): readonly string[];
  /** The parts that can stand still, in the form of `/readyz`. */
  parts(): readonly PartHealth[];
}

/** The parts that {@link createHealth} watches. */
export interface HealthOptions {
  readonly store: StoreProbe;
  readonly audit: Pick<Audit, 'problem' | 'isKept'>;
  readonly clockWatch: ClockWatch;
  readonly loopWatch: LoopWatch;
  /** False while the server starts or drains. */
  readonly isReady: () => boolean;
}

/** Reports the health of a server on each call. */
export function createHealth(options: HealthOptions): Health {
  const { store, audit, clockWatch, loopWatch, isReady } = options;
  return {
    problem: async () => {
      if (!isReady()) return 'the server is starting or stopping';
      const broken = audit.problem();
      if (broken !== undefined) return `the audit log is not intact: ${broken}`;
      return store.problem();
    },
    warnings: () => [
      ...(clockWatch.last === undefined ? [] : [describeStep(clockWatch.last)]),
      ...(audit.isKept() ? [] : [NOT_KEPT]),
    ],
    parts: () => [part('event_loop', loopWatch.delay), part('store', store.delay)],
  };
}

/** A part that stands still for longer is busy, milliseconds. */
const BUSY_MS = 1000;

function part(name: PartHealth['name'], delay: number): PartHealth {
  return { name, state: delay > BUSY_MS ? 'busy' : 'ready', delay_ms: delay };
}

const NOT_KEPT = 'the last checkpoint of the audit log is not kept outside the database';
