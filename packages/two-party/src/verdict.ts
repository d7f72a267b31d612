/** The protocol's finding against a party. */

/** A message that a party signed. */
interface SignedMessage {
  readonly round: number;
  readonly from: number;
  readonly to: number | null;
  readonly plaintext: string;
  readonly signature: string;
}

/** How the protocol ended without an output. */
export interface Verdict {
  readonly reason: string;
  readonly culprits: readonly number[];
  readonly keyUnsafe: 'refreshable' | 'terminal' | null;
  readonly round: number;
  readonly message: string;
  readonly evidence: readonly SignedMessage[];
}
