/**
 * The curves of `intent` on a platform. Two implementations give the same verdicts: native.ts (Node) and
 * portable.ts (everywhere); package.json `imports` chooses. Every input is public.
 */

/** Public-key operations of a platform. Inputs are never modified; outputs are fresh. */
export interface Backend {
  readonly name: 'native' | 'portable';
  /** Whether 65 bytes are 04 ‖ x ‖ y of a point of P-256. */
  isP256Point(publicKey: Uint8Array): boolean;
  /**
   * Verifies r ‖ s (64 bytes, any values) of SHA-256(message) on P-256; high s is accepted. False for a key that is
   * no point.
   */
  verifyP256(publicKey: Uint8Array, message: Uint8Array, compact: Uint8Array): boolean;
  /** 04 ‖ x ‖ y of a point of secp256k1 in SEC1, 33 or 65 bytes; null for anything else. */
  decodeSecp256k1(publicKey: Uint8Array): Uint8Array | null;
  /**
   * The key of secp256k1 (65 bytes) that signed the digest with 0 < r < q, 0 < s ≤ q/2 and this parity of R's y, or
   * null. `compact` is r ‖ s, 64 bytes; `digest` has 32.
   */
  recoverSecp256k1(compact: Uint8Array, yParity: 0 | 1, digest: Uint8Array): Uint8Array | null;
  /** Whether 32 bytes are the one spelling (RFC 8032, section 5.1.3) of a point of Ed25519 of large order. */
  isLargeEd25519Point(publicKey: Uint8Array): boolean;
  /** The public key (32 bytes) of a secret of Ed25519 (32 bytes). */
  ed25519PublicKey(secretKey: Uint8Array): Uint8Array;
  /** Signs by RFC 8032, section 5.1.6; 64 bytes. */
  signEd25519(message: Uint8Array, secretKey: Uint8Array): Uint8Array;
  /** Verifies by RFC 8032, section 5.1.7, canonical encodings only. */
  verifyEd25519(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean;
}
