/** Checks of what the one other party said. */
import { AbortError, type AbortReason } from '../round/errors.ts';

/** Blames the peer unless the check holds; the key stays as it is. */
export function blamePeerUnless(
  holds: boolean,
  peer: 1 | 2,
  reason: AbortReason,
  what: string,
): void {
  if (holds) return;
  throw new AbortError({ reason, culprits: [peer], message: `${what} of party ${peer}` });
}
