/**
 * The intent: the facts that the parties of a session agree to before anything happens (docs/spec/intent.md
 * §1).
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { parseAddress } from './address.ts';
import { concat, exactly, u16, u32, utf8 } from './bytes.ts';
import { IntentError } from './errors.ts';
import { framed } from './framed.ts';
import { LABELS } from './label.ts';

/** One holder of a share. */
export interface Holder {
  /** 1..n */
  readonly index: number;
  readonly username: string;
  /** 32 bytes, of the chip pinned for this index */
  readonly fingerprint: Uint8Array;
}

/** The terms of a session. */
export interface Intent {
  readonly sessionKey: string;
  /** 32 bytes; zeros at key generation */
  readonly keyId: Uint8Array;
  readonly epoch: number;
  readonly threshold: number;
  readonly parties: number;
  /** All n, in any order. */
  readonly holders: readonly Holder[];
  /** Sorted indexes of the parties that take part now. */
  readonly signers: readonly number[];
  /** BIP32 path of the signing key below the stored one. */
  readonly path: readonly number[];
  /** 32 bytes, or null if nothing is signed */
  readonly digest: Uint8Array | null;
  /** 32 bytes, or null if no payload was given */
  readonly payloadHash: Uint8Array | null;
  /** null at key generation */
  readonly address: string | null;
}

/** The canonical bytes of an intent. @throws IntentError `intent/intent` for inconsistent parties */
export function encodeIntent(intent: Intent): Uint8Array {
  const holders = intent.holders.toSorted((a, b) => a.index - b.index);
  checkParties(intent, holders);
  return framed(
    LABELS.intent,
    utf8(intent.sessionKey),
    exactly('key id', intent.keyId, 32),
    u32(intent.epoch),
    u16(intent.threshold),
    u16(intent.parties),
    framed(LABELS.holders, ...holders.map(encodeHolder)),
    concat(...intent.signers.map(u16)),
    concat(...intent.path.map(u32)),
    exactly('digest', intent.digest ?? new Uint8Array(32), 32),
    exactly('payload hash', intent.payloadHash ?? new Uint8Array(32), 32),
    intent.address === null ? new Uint8Array(20) : parseAddress(intent.address),
  );
}

/** SHA-256 of {@link encodeIntent}. */
export function intentHash(intent: Intent): Uint8Array {
  return sha256(encodeIntent(intent));
}

function encodeHolder({ index, username, fingerprint }: Holder): Uint8Array {
  return framed(LABELS.holder, u16(index), utf8(username), exactly('fingerprint', fingerprint, 32));
}

function checkParties(intent: Intent, holders: readonly Holder[]): void {
  const { threshold, parties, signers } = intent;
  if (holders.length !== parties || holders.some(({ index }, at) => index !== at + 1)) {
    throw new IntentError('intent/intent', `one holder for each index 1..${parties}`);
  }
  if (new Set(holders.map(({ username }) => username)).size !== parties) {
    throw new IntentError('intent/intent', 'holders with different names');
  }
  const sorted = signers.every((index, at) => at === 0 || index > (signers[at - 1] ?? 0));
  const inRange = signers.every((index) => index >= 1 && index <= parties);
  if (threshold < 1 || signers.length < threshold || !sorted || !inRange) {
    throw new IntentError('intent/intent', `at least ${threshold} sorted signers of 1..${parties}`);
  }
}
