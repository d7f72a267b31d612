import { importEphemeralKeys } from '../../../holder/src/channel/keys.ts';

/** The Ed25519 public key of a 32-byte secret. */
export function rosterPublicKey(secret: Uint8Array): Uint8Array {
  return importEphemeralKeys(new Uint8Array(32).fill(1), secret).ed25519;
}
