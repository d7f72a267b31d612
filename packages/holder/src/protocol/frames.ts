/**
 * The plain parts that protocols, their thread and the main thread exchange.
 */

/** A certified peer of a session. */
export interface PeerKeys {
  readonly index: number;
  readonly x25519: Uint8Array;
  readonly ed25519: Uint8Array;
}

/** One `round` message without its session key. */
export interface RoundFrame {
  readonly round: number;
  readonly from: number;
  readonly to: number | null;
  /** base64 */
  readonly body: string;
  /** base64 */
  readonly signature: string;
}

/** One message as its sender signed it; `plaintext` is what the signature covers, base64. */
export interface SignedMessage {
  readonly round: number;
  readonly from: number;
  readonly to: number | null;
  readonly plaintext: string;
  readonly signature: string;
}
