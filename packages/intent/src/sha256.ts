/** SHA-256, for programs that run without Node. */
import { sha256 as hash } from '@noble/hashes/sha2.js';

/** 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return hash(bytes);
}
