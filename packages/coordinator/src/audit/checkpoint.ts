import { type KeyObject, createPublicKey, sign, verify } from 'node:crypto';
import {
  decodeSpki,
  encodeSpki,
  framed,
  fromBase64,
  fromHex,
  toBase64,
  toHex,
  u64,
} from '@quorate/intent';
import { z } from 'zod';

/** A statement signed by the server: at this time entry `seq` was the last one, with this hash. */
export interface Checkpoint {
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** 64 hex digits. */
  readonly hash: string;
  /** Base64, 64 bytes, Ed25519. */
  readonly signature: string;
}

/** The schema of a checkpoint in a file. */
export const CheckpointSchema: z.ZodType<Checkpoint> = z.strictObject({
  seq: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
  at: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  signature: z.string().regex(/^[A-Za-z0-9+/]{86}==$/),
});

/** The 32 bytes of an Ed25519 public key, in hex. */
export function publicKeyHex(key: KeyObject): string {
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  return toHex(decodeSpki('Ed25519', spki));
}

/** Signs the head of the chain. */
export function signCheckpoint(key: KeyObject, head: Omit<Checkpoint, 'signature'>): Checkpoint {
  const signature = sign(null, checkpointBytes(publicKeyHex(key), head), key);
  return { ...head, signature: toBase64(new Uint8Array(signature)) };
}

/** Verifies a checkpoint under an audit key given as 64 hex digits. */
export function verifyCheckpoint(checkpoint: Checkpoint, publicKey: string): boolean {
  try {
    const spki = encodeSpki('Ed25519', fromHex(publicKey));
    const key = createPublicKey({ key: Buffer.from(spki), type: 'spki', format: 'der' });
    const message = checkpointBytes(publicKey, checkpoint);
    return verify(null, message, key, fromBase64(checkpoint.signature));
  } catch {
    return false;
  }
}

function checkpointBytes(publicKey: string, head: Omit<Checkpoint, 'signature'>): Uint8Array {
  return framed(
    'quorate/v1/audit-checkpoint',
    fromHex(publicKey),
    u64(head.seq),
    u64(head.at),
    fromHex(head.hash),
  );
}
