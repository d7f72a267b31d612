/**
 * `encrypted_shard` (docs/spec/intent.md §1): the compressed keyshare under AES-256-GCM. The coordinator
 * keeps these bytes and cannot open them; the chip keeps the opener and never sees them.
 *
 * Layout: version (1) ‖ nonce (12) ‖ ciphertext ‖ tag (16).
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { shardAssociatedData } from '@quorate/intent';
import { HolderError } from '../errors.ts';

/** The format version, first byte and part of the associated data. */
const SHARD_VERSION = 1;

const NONCE_LENGTH = 12;
const TAG_LENGTH = 16;
const OPENER_LENGTH = 32;
/** A keyshare of 32 parties is about 100 KB; a ciphertext that inflates beyond this is refused. */
const MAX_KEYSHARE_LENGTH = 1024 * 1024;

/** The owner of a shard; the ciphertext opens for no other (E-2). */
export interface ShardIdentity {
  /** 33 bytes */
  readonly publicKey: Uint8Array;
  /** 20 bytes */
  readonly address: Uint8Array;
  readonly partIndex: number;
  readonly epoch: number;
  /** 32 bytes */
  readonly recordId: Uint8Array;
}

/** A sealed keyshare and the key that opens it. */
export interface SealedShard {
  readonly encryptedShard: Uint8Array;
  /** Secret. 32 bytes, for the chip; the caller wipes it. */
  readonly opener: Uint8Array;
}

/** Seals a serialised keyshare under a fresh opener. The keyshare bytes are the caller's to wipe. */
export function sealShard(keyshare: Uint8Array, identity: ShardIdentity): SealedShard {
  const opener = new Uint8Array(OPENER_LENGTH);
  opener.set(randomBytes(OPENER_LENGTH));
  const nonce = randomBytes(NONCE_LENGTH);
  const compressed = deflateRawSync(keyshare);
  const cipher = createCipheriv('aes-256-gcm', opener, nonce, { authTagLength: TAG_LENGTH });
  cipher.setAAD(associatedData(identity));
  const encryptedShard = Buffer.concat([
    Buffer.of(SHARD_VERSION),
    nonce,
    cipher.update(compressed),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
  compressed.fill(0);
  return { encryptedShard, opener };
}

/**
 * Opens a sealed keyshare; the caller wipes the result and the opener.
 * @throws HolderError `shard/tampered`, the same for every cause
 */
export function openShard(
  encryptedShard: Uint8Array,
  opener: Uint8Array,
  identity: ShardIdentity,
): Uint8Array {
  let compressed: Buffer | undefined;
  let inflated: Buffer | undefined;
  try {
    if (encryptedShard[0] !== SHARD_VERSION) throw new RangeError('unknown shard version');
    const nonce = encryptedShard.subarray(1, 1 + NONCE_LENGTH);
    const decipher = createDecipheriv('aes-256-gcm', opener, nonce, { authTagLength: TAG_LENGTH });
    decipher.setAAD(associatedData(identity));
    decipher.setAuthTag(encryptedShard.subarray(-TAG_LENGTH));
    compressed = decipher.update(encryptedShard.subarray(1 + NONCE_LENGTH, -TAG_LENGTH));
    decipher.final();
    inflated = inflateRawSync(compressed, { maxOutputLength: MAX_KEYSHARE_LENGTH });
    // A plain copy: slices of a Buffer would share memory with what is wiped here.
    return Uint8Array.from(inflated);
  } catch (error) {
    throw new HolderError('shard/tampered', 'the encrypted shard cannot be opened', error);
  } finally {
    compressed?.fill(0);
    inflated?.fill(0);
  }
}

function associatedData(identity: ShardIdentity): Uint8Array {
  return shardAssociatedData({
    version: SHARD_VERSION,
    publicKey: identity.publicKey,
    address: identity.address,
    partIndex: identity.partIndex,
    epoch: identity.epoch,
    recordId: identity.recordId,
  });
}
