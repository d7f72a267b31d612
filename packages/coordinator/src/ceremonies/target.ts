/** The key that a session is about, when it already exists. */
import type { User } from '../auth/index.ts';
import {
  findKey,
  findKeyOfAddress,
  type KeyRecord,
  normalAddress,
  type Seat,
  type ShardRecord,
  shardsOf,
} from '../keys/index.ts';
import type { IntentTerms } from '../session/ceremony.ts';
import { distinct } from './asked.ts';
import type { Event } from '../session/events.ts';
import { type Refusal, refuse } from '../session/refusal.ts';
import type { Party, SessionState } from '../session/types.ts';
import type { Tx } from '../store/database.ts';

/** A holder of a key's share, whether or not it takes part this time. */
export interface Holder {
  readonly index: number;
  readonly username: string;
  readonly chipPublicKey: string;
}

/** A key that exists. Byte strings are lower-case hex. */
export interface Target {
  /** EIP-55. */
  readonly address: string;
  readonly keyId: string;
  readonly epoch: number;
  readonly holders: readonly Holder[];
}

/** A key in use, and the digest that its holders are asked about. */
export interface DigestTarget extends Target {
  /** 32 bytes: for a signature the digest to sign, for a destruction the hash of the reason. */
  readonly digest: string;
  readonly payloadHash?: string;
}

/** A session about the digest of a key that exists. */
export interface DigestState extends SessionState {
  readonly target: DigestTarget;
}

/** The fields by which a request names a key. */
interface KeyClaim {
  readonly address: string;
  readonly threshold: number;
  readonly total_parts: number;
  readonly participants: readonly string[];
}

/** Finds the key that a request names, if the asker has the right to it and the request fits it. */
export async function requestedKey(
  tx: Tx,
  request: KeyClaim,
  refuseAsker: (key: KeyRecord) => Promise<string | undefined>,
): Promise<KeyRecord | Refusal> {
  const address = normalAddress(request.address);
  if (address === undefined) return refuse('invalid_message', 'address: EIP-55 checksum is wrong');
  const key = await findKeyOfAddress(tx, address);
  if (key === undefined) return refuse('unknown_key', `no key with address ${address}`);
  const forbidden = await refuseAsker(key);
  if (forbidden !== undefined) return refuse('forbidden_key', `${address} ${forbidden}`);
  return keyMismatch(key, request) ?? distinct(request.participants) ?? key;
}

/** Refuses a request that does not fit its key, or whose key is no longer in use. */
function keyMismatch(key: KeyRecord, request: KeyClaim): Refusal | undefined {
  if (key.state !== 'active') {
    return refuse(`key_${key.state}`, `${key.address} can no longer sign`);
  }
  if (request.threshold !== key.threshold) {
    return refuse('key_mismatch', `threshold is ${key.threshold}, not ${request.threshold}`);
  }
  if (request.total_parts !== key.total_parts) {
    return refuse('key_mismatch', `total_parts is ${key.total_parts}, not ${request.total_parts}`);
  }
  return undefined;
}

/** All holders of a key as an intent names them. */
export const holdersOf = (shards: readonly ShardRecord[]): readonly Holder[] =>
  shards.map((shard) => ({
    index: shard.part_index,
    username: shard.username,
    chipPublicKey: shard.chip_public_key,
  }));

/** A holder as a party, with the chip that is stored with its shard. */
export const partyOf = (shard: ShardRecord): Party => ({
  index: shard.part_index,
  username: shard.username,
  seId: shard.se_id,
  cpic: shard.cpic,
  chipPublicKey: shard.chip_public_key,
});

/** A party's place in the key. */
export const seatOf = ({ keyId }: Target, { index }: Pick<Party, 'index'>): Seat => ({
  keyId,
  partIndex: index,
});

/** The terms of an intent about the digest of an existing key. */
export function targetTerms({ target }: DigestState, signers: readonly number[]): IntentTerms {
  const { keyId, epoch, holders, digest, payloadHash = null, address } = target;
  return { keyId, epoch, holders, signers, digest, payloadHash, address };
}

/** Whether the asker of a session may still use its key. */
export async function mayStillUse(
  tx: Tx,
  asker: User,
  { target }: { readonly target: Target },
  right: (key: KeyRecord, asker: User) => boolean | Promise<boolean>,
): Promise<boolean> {
  const key = await findKey(tx, target.keyId);
  return key !== undefined && right(key, asker);
}

/**
 * Why the key or its shards differ from those that the session was asked about: destroyed or replaced
 * meanwhile. `isMoved` says whether a party's shard has changed since the request.
 */
export async function changedKey<P extends Party>(
  tx: Tx,
  { target, parties }: { readonly target: Target; readonly parties: readonly P[] },
  at: number,
  isMoved: (party: P, shard: ShardRecord | undefined) => boolean,
): Promise<Event | undefined> {
  const key = await findKey(tx, target.keyId);
  if (key?.state !== 'active') {
    const details = `${target.address} can no longer sign`;
    return { type: 'ended', at, code: 'key_destroying', details, concerned: [] };
  }
  const shards = await shardsOf(tx, key);
  const moved = parties.find((party) =>
    isMoved(
      party,
      shards.find((held) => held.part_index === party.index),
    ),
  );
  if (moved === undefined) return undefined;
  const details = `the shard of ${moved.username} is no longer on the chip ${moved.seId}`;
  return { type: 'ended', at, code: 'chip_unavailable', details, concerned: [moved.index] };
}
