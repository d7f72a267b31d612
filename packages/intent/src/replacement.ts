/** The bytes that the replacement of a chip hashes and signs (docs/spec/replace.md §2). */
import { exactly, u16, u32, utf8 } from './bytes.ts';
import { hashFramed } from './framed.ts';
import { LABELS } from './label.ts';

/** The purpose of one certificate or authorisation of a replacement. */
export type ReplacementStep = 'release' | 'prove' | 'seal' | 'delete' | 'deleted' | 'discard';

/** The state that the old chip gets in the registry. */
export type Retirement = 'destroyed' | 'disabled';

/** 32 bytes: both chips sign it with REGISTER, in place of a registration's nonce. */
export function replacementRequestHash(request: {
  /** 32 bytes, chosen by the server */
  readonly nonce: Uint8Array;
  readonly username: string;
  /** 65 bytes */
  readonly oldChip: Uint8Array;
  /** 65 bytes */
  readonly newChip: Uint8Array;
  /** The new chip's name in the registry. */
  readonly seId: string;
  readonly retire: Retirement;
  /** The kind of the new chip, as claimed by its host. */
  readonly kind: string;
}): Uint8Array {
  return hashFramed(
    LABELS.replacementRequest,
    exactly('nonce', request.nonce, 32),
    utf8(request.username),
    exactly('old chip', request.oldChip, 65),
    exactly('new chip', request.newChip, 65),
    utf8(request.seId),
    utf8(request.retire),
    utf8(request.kind),
  );
}

/** The shard that moves, its holder and both chips. */
export interface ReplacedShard {
  readonly replacementId: string;
  readonly username: string;
  /** 32 bytes */
  readonly keyId: Uint8Array;
  /** 20 bytes */
  readonly address: Uint8Array;
  readonly partIndex: number;
  readonly epoch: number;
  /** 32 bytes */
  readonly recordId: Uint8Array;
  /** 65 bytes */
  readonly oldChip: Uint8Array;
  /** 65 bytes */
  readonly newChip: Uint8Array;
}

/** 32 bytes: the intent hash of a step's certificate, the digest or reason hash of its authorisation. */
export function replacementStepHash(
  step: ReplacementStep,
  shard: ReplacedShard,
  /** 32 bytes: SHA-256 of the new ciphertext, for `seal`. */
  shardHash: Uint8Array = new Uint8Array(32),
): Uint8Array {
  return hashFramed(
    LABELS.replacementStep,
    utf8(step),
    utf8(shard.replacementId),
    utf8(shard.username),
    exactly('key id', shard.keyId, 32),
    exactly('address', shard.address, 20),
    u16(shard.partIndex),
    u32(shard.epoch),
    exactly('record id', shard.recordId, 32),
    exactly('old chip', shard.oldChip, 65),
    exactly('new chip', shard.newChip, 65),
    exactly('shard hash', shardHash, 32),
  );
}

/** The session key of every certificate of a replacement. */
export function replacementSessionKey(replacementId: string): string {
  return `replace.${replacementId}`;
}
