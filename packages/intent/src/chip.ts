/** The bytes that chips and the authorisation key hash and sign (docs/spec/chip.md §3). */
import { sha256 } from '@noble/hashes/sha2.js';
import { concat, exactly, toHex, u16, u32, utf8 } from './bytes.ts';
import { hashFramed, framed } from './framed.ts';
import { CHIP_LABELS, LABELS } from './label.ts';

/** The authorised act; the byte is the instruction that consumes it. */
export const AUTHORISATION_OPERATION = { read: 0x12, delete: 0x14 } as const;

/** The facts that one authorisation is bound to. */
export interface Authorisation {
  readonly operation: keyof typeof AUTHORISATION_OPERATION;
  /** 65 bytes */
  readonly chipPublicKey: Uint8Array;
  /** 32 bytes */
  readonly recordId: Uint8Array;
  /** 20 bytes */
  readonly address: Uint8Array;
  /** 32 bytes */
  readonly sessionHash: Uint8Array;
  /** 32 bytes: the digest to sign, the intent hash, or the hash of the reason of a deletion */
  readonly digest: Uint8Array;
  /** 16 bytes */
  readonly challenge: Uint8Array;
}

/**
 * The message that the authorisation key signs, and the chip verifies, before a record is released or deleted.
 */
export function authorisationMessage(authorisation: Authorisation): Uint8Array {
  return concat(
    utf8(CHIP_LABELS.authorisation),
    Uint8Array.of(AUTHORISATION_OPERATION[authorisation.operation]),
    exactly('chip public key', authorisation.chipPublicKey, 65),
    exactly('record id', authorisation.recordId, 32),
    exactly('address', authorisation.address, 20),
    exactly('session hash', authorisation.sessionHash, 32),
    exactly('digest', authorisation.digest, 32),
    exactly('challenge', authorisation.challenge, 16),
  );
}

/** The message that a chip signs at registration to prove that it holds its key. */
export function registrationMessage(registration: {
  /** 65 bytes */
  readonly chipPublicKey: Uint8Array;
  /** 42 bytes */
  readonly cplc: Uint8Array;
  /** 32 bytes, chosen by the server */
  readonly nonce: Uint8Array;
}): Uint8Array {
  return concat(
    utf8(CHIP_LABELS.register),
    exactly('chip public key', registration.chipPublicKey, 65),
    exactly('CPLC', registration.cplc, 42),
    exactly('nonce', registration.nonce, 32),
  );
}

/** The message that the old authorisation key signs to hand over to a new one. */
export function rotateMessage(rotation: {
  /** 65 bytes */
  readonly chipPublicKey: Uint8Array;
  /** 65 bytes */
  readonly newAuthorisationKey: Uint8Array;
  /** 16 bytes */
  readonly challenge: Uint8Array;
}): Uint8Array {
  return concat(
    utf8(CHIP_LABELS.rotate),
    exactly('chip public key', rotation.chipPublicKey, 65),
    exactly('authorisation key', rotation.newAuthorisationKey, 65),
    exactly('challenge', rotation.challenge, 16),
  );
}

/**
 * The message that the authorisation key signs, and the chip verifies, before the PUK can reset a blocked PIN.
 */
export function unblockMessage(unblock: {
  /** 65 bytes */
  readonly chipPublicKey: Uint8Array;
  /** 16 bytes */
  readonly challenge: Uint8Array;
}): Uint8Array {
  return concat(
    utf8(CHIP_LABELS.unblock),
    exactly('chip public key', unblock.chipPublicKey, 65),
    exactly('challenge', unblock.challenge, 16),
  );
}

/** The message that a chip signs to open a session: its own label and key before the payload (171 bytes). */
export function sessionMessage(chipPublicKey: Uint8Array, payload: Uint8Array): Uint8Array {
  return concat(
    utf8(CHIP_LABELS.session),
    exactly('chip public key', chipPublicKey, 65),
    exactly('certificate payload', payload, 171),
  );
}

/** SHA-256 of {@link sessionMessage}: names the session in authorisations and in the chip's memory. */
export function sessionHash(chipPublicKey: Uint8Array, payload: Uint8Array): Uint8Array {
  return sha256(sessionMessage(chipPublicKey, payload));
}

/** 32 bytes: SHA-256 of the chip's public key (65 bytes). */
export function chipFingerprint(publicKey: Uint8Array): Uint8Array {
  return sha256(exactly('chip public key', publicKey, 65));
}

/** The first 16 bytes of a fingerprint, for people to compare: 8 groups of 4 hex digits. */
export function shortFingerprint(fingerprint: Uint8Array): string {
  const digits = toHex(exactly('fingerprint', fingerprint, 32).subarray(0, 16));
  return (digits.match(/.{4}/g) ?? []).join('-');
}

/** The name of a shard's opener on the chip: 32 bytes. */
export function recordId(keyId: Uint8Array, partIndex: number, epoch: number): Uint8Array {
  return hashFramed(LABELS.record, exactly('key id', keyId, 32), u16(partIndex), u32(epoch));
}

/** The associated data that binds `encrypted_shard`, besides its key (E-2). */
export function shardAssociatedData(shard: {
  /** Version of the shard's format, 0..255 */
  readonly version: number;
  /** 33 bytes */
  readonly publicKey: Uint8Array;
  /** 20 bytes */
  readonly address: Uint8Array;
  readonly partIndex: number;
  readonly epoch: number;
  /** 32 bytes */
  readonly recordId: Uint8Array;
}): Uint8Array {
  return framed(
    LABELS.shard,
    u16(shard.version),
    exactly('public key', shard.publicKey, 33),
    exactly('address', shard.address, 20),
    u16(shard.partIndex),
    u32(shard.epoch),
    exactly('record id', shard.recordId, 32),
  );
}

/** The message that a party's session key signs for each round message; `to` null means everyone. */
export function roundSigningInput(
  sid: Uint8Array,
  round: number,
  from: number,
  to: number | null,
  bodyHash: Uint8Array,
): Uint8Array {
  return framed(
    LABELS.round,
    exactly('session id', sid, 32),
    u16(round),
    u16(from),
    u16(to ?? 0),
    exactly('body hash', bodyHash, 32),
  );
}
