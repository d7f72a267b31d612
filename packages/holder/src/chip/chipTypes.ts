/** The words between a chip and whoever uses it. */
import type { Attempt, SecureElement } from '@quorate/secure-element';
import type { BerthClock } from './berths.ts';

/** Gives the PIN; the chip wrapper wipes the bytes after use. */
export interface PinProvider {
  (): Promise<Uint8Array>;
  /** Of a PIN that lies in a file: another text as soon as the file changes. It tells nothing of the PIN. */
  readonly stamp?: () => string;
}

/** Which PIN the chip has refused, kept over restarts: a service manager would use up the tries with it. */
export interface PinRefusals {
  isRefused(chipPublicKey: Uint8Array, stamp: string): boolean;
  /** On disk when the call returns. */
  note(chipPublicKey: Uint8Array, stamp: string): void;
  /** Removes the note: the chip has taken a PIN. */
  remove(): void;
}

/** Remembers no PIN. */
export const UNKEPT: PinRefusals = {
  isRefused: () => false,
  note: () => undefined,
  remove: () => undefined,
};

/**
 * Hears the chip's state counter: at the opening, and after every lasting write. Until the chip has proven that it has
 * its key, the counter may be compared and must not be remembered.
 */
export type SeeCounter = (chipPublicKey: Uint8Array, counter: number, isProven: boolean) => void;

/** The arguments of READ (docs/spec/chip.md §3). */
export type ReadRequest = Parameters<SecureElement['read']>[0];

/** The arguments of DELETE. */
export type DeleteRequest = Parameters<SecureElement['delete']>[0];

/** Options of opening a chip beside its PIN. */
export interface ChipMemory extends Attempt {
  readonly see?: SeeCounter;
  readonly refusals?: PinRefusals;
  /** The time of the berths; the real one by default. */
  readonly clock?: BerthClock;
}
