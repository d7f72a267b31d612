/**
 * Notices that the wall clock was set by a person, a time server or the end of a machine's sleep: dates after
 * that do not follow those before.
 */
import { dateOf } from '@quorate/wire';
import type { Audit, AuditEvent } from './audit/index.ts';
import type { Clock } from './clock.ts';
import { isStoreUnavailable } from './store/database.ts';

/** How often the two clocks are compared. */
const LOOK_MS = 2000;

/** How far they may drift apart before it counts as a step. */
const TOLERANCE_MS = 5000;

/** A step of the wall clock, in milliseconds. */
export interface ClockStep {
  /** The date that the clock would have shown. */
  readonly before: number;
  /** The date that it showed. */
  readonly after: number;
}

/** Compares the wall clock with the monotonic clock. */
export class ClockWatch {
  readonly #clock: Clock;
  readonly #onStep: (step: ClockStep) => void;
  #offset: number;
  #cancel: () => void = () => undefined;
  #last: ClockStep | undefined;
  #count = 0;

  constructor(clock: Clock, onStep: (step: ClockStep) => void) {
    this.#clock = clock;
    this.#onStep = onStep;
    this.#offset = clock.now() - clock.elapsed();
  }

  /** The last step since the start. */
  get last(): ClockStep | undefined {
    return this.#last;
  }

  /** How many steps there were. */
  get count(): number {
    return this.#count;
  }

  start(): void {
    this.#cancel = this.#clock.after(LOOK_MS, () => {
      this.start();
      this.#look();
    });
  }

  stop(): void {
    this.#cancel();
  }

  #look(): void {
    const after = this.#clock.now();
    const before = Math.round(this.#offset + this.#clock.elapsed());
    if (Math.abs(after - before) <= TOLERANCE_MS) return;
    this.#offset = after - this.#clock.elapsed();
    this.#last = { before, after };
    this.#count += 1;
    this.#onStep(this.#last);
  }
}

/** How long to wait before writing an entry again that the store did not take. */
const AGAIN_MS = 10_000;

/** Writes the entry of a step as soon as the store takes it. */
export function recordStep(
  step: ClockStep,
  context: {
    readonly audit: Pick<Audit, 'record'>;
    readonly clock: Clock;
    readonly onError: (error: unknown) => void;
  },
): void {
  const { audit, clock, onError } = context;
  audit.record(entryOf(step)).catch((error: unknown) => {
    onError(error);
    if (isStoreUnavailable(error)) clock.after(AGAIN_MS, () => recordStep(step, context));
  });
}

function entryOf({ before, after }: ClockStep): AuditEvent {
  return {
    at: after,
    actor: 'system',
    action: 'clock.step',
    subject: '',
    outcome: 'ok',
    details: { before, after },
  };
}

/** Describes a step. */
export function describeStep({ before, after }: ClockStep): string {
  const seconds = Math.round((after - before) / 1000);
  const by = `${seconds > 0 ? '+' : ''}${seconds} s`;
  return `the wall clock was set by ${by}, from ${dateOf(before)} to ${dateOf(after)}`;
}
