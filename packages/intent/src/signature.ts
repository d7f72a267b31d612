/** The product's signatures: r ‖ s ‖ v, 65 bytes, low s, v = 27 or 28 (docs/spec/intent.md §3). */
import { backend } from '#backend';
import { backend as portable } from './backend/portable.ts';
import type { Backend } from './backend/types.ts';
import { addressBytes, formatAddress, parseAddress } from './address.ts';
import { equalBytes, fromHex, toBigInt, toHex } from './bytes.ts';
import { IntentError } from './errors.ts';

/** The order q of secp256k1 (SEC 2, section 2.4.1). */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** The three parts of a signature checked to be canonical. */
export interface SignatureParts {
  /** 0 < r < q */
  readonly r: bigint;
  /** 0 < s ≤ q/2 */
  readonly s: bigint;
  /** Parity of R's y. */
  readonly yParity: 0 | 1;
}

/**
 * Splits r ‖ s ‖ v, and refuses every spelling but the canonical one.
 *
 * @throws IntentError `intent/signature`
 */
export function splitSignature(signature: Uint8Array): SignatureParts {
  if (signature.length !== 65) throw new IntentError('intent/signature', '65 bytes');
  const r = toBigInt(signature.subarray(0, 32));
  const s = toBigInt(signature.subarray(32, 64));
  const v = signature[64];
  if (r === 0n || r >= ORDER) throw new IntentError('intent/signature', '0 < r < q');
  if (s === 0n || s > ORDER >> 1n) throw new IntentError('intent/signature', '0 < s ≤ q/2');
  if (v !== 27 && v !== 28) throw new IntentError('intent/signature', 'v of 27 or 28');
  return { r, s, yParity: v === 28 ? 1 : 0 };
}

/**
 * The address that made a signature of a digest.
 *
 * @throws IntentError `intent/signature`, `intent/digest`
 */
export function recoverAddress(digest: Uint8Array, signature: Uint8Array): string {
  return formatAddress(recover(digest, signature));
}

/** The 20 bytes of that address. */
function recover(
  digest: Uint8Array,
  signature: Uint8Array,
  by: Pick<Backend, 'recoverSecp256k1'> = backend,
): Uint8Array {
  checkDigest(digest);
  const { yParity } = splitSignature(signature);
  const point = by.recoverSecp256k1(signature.slice(0, 64), yParity, digest);
  if (point !== null) return addressBytes(point);
  throw new IntentError('intent/signature', 'a signature from which a key can be recovered');
}

/** Whether the key of the address made a canonical signature of the digest. */
export function verifySignature(
  digest: Uint8Array,
  signature: Uint8Array,
  address: string,
): boolean {
  return isMadeBy(address, () => recover(digest, signature));
}

/**
 * The same by another implementation than the one that signs in Node: libsecp256k1 made the signature there and
 * checked it already, @noble/curves judges it here. In a browser both are @noble/curves. For signatures before they
 * are handed out, once each: it takes a millisecond or two.
 */
export function verifyFinalSignature(
  digest: Uint8Array,
  signature: Uint8Array,
  address: string,
): boolean {
  return isMadeBy(address, () => recover(digest, signature, portable));
}

function isMadeBy(address: string, recovered: () => Uint8Array): boolean {
  try {
    return equalBytes(recovered(), parseAddress(address));
  } catch (error) {
    if (error instanceof IntentError) return false;
    throw error;
  }
}

/** `0x` and 130 hex digits. @throws IntentError `intent/signature` */
export function signatureToHex(signature: Uint8Array): string {
  splitSignature(signature);
  return `0x${toHex(signature)}`;
}

/** Reads what {@link signatureToHex} writes. @throws IntentError `intent/signature` */
export function parseSignature(text: string): Uint8Array {
  if (!/^0x[0-9a-f]{130}$/.test(text)) {
    throw new IntentError('intent/signature', '0x and 130 lower-case hex digits');
  }
  const signature = fromHex(text);
  splitSignature(signature);
  return signature;
}

/**
 * Refuses a digest that must never be signed: any length but 32 bytes, and zero modulo the group order, for
 * which anybody can make a signature of any key (N-7, N-8).
 *
 * @throws IntentError `intent/digest`
 */
export function checkDigest(digest: Uint8Array): Uint8Array {
  if (digest.length !== 32) throw new IntentError('intent/digest', 'a digest of 32 bytes');
  if (toBigInt(digest) % ORDER === 0n) {
    throw new IntentError('intent/digest', 'a digest that is not zero modulo the group order');
  }
  return digest;
}
