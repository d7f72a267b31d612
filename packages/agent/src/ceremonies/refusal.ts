/**
 * The reason why this participant does not go on. It travels to everybody in the session; details stay in the
 * local log.
 */
import { escapeForDisplay } from '@quorate/intent';
import { safeText } from '@quorate/wire';

/** Longest reason that is sent. */
const MAX_REASON_LENGTH = 200;

/** Thrown by checks of a ceremony; becomes a decline before the certificate, a failed result after it. */
export class Refusal extends Error {
  /** A stable word. */
  readonly reason: string;

  constructor(reason: string, message: string) {
    super(message);
    this.name = 'Refusal';
    this.reason = reason;
  }

  /** The words for the others. */
  get told(): string {
    return tellable(`${this.reason}: ${this.message}`);
  }
}

/** Refuses unless a fact holds. */
export function refuseUnless(holds: boolean, reason: string, message: string): asserts holds {
  if (!holds) throw new Refusal(reason, message);
}

/** Text for the wire: visible characters, bounded. */
export function tellable(text: string): string {
  const shown = Array.from(escapeForDisplay(safeText(text)));
  return shown.slice(0, MAX_REASON_LENGTH).join('');
}

/** The words about a key whose records, or whose chip, are older than its last signature; group keys have no refresh. */
export const SIGNS_NO_MORE = 'this participant can no longer sign with this key';
