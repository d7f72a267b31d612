/**
 * Decides which public keys of Curve25519 may protect a session. A peer chooses its keys freely: with a key of
 * small order the shared secret, or the verification of a signature, no longer depends on anybody's secret.
 */
import { backend } from '#backend';
import { toBigInt, toHex } from './bytes.ts';
import { IntentError } from './errors.ts';

const P = 2n ** 255n - 19n;

/**
 * The canonical u-coordinates of order 1, 2, 4 and 8, on the curve and on its twist, little-endian: Bernstein,
 * "How do I validate Curve25519 public keys?", cr.yp.to/ecdh.html; RFC 7748, section 6.1, on the all-zero
 * secret that they yield. The others of that list are not canonical.
 */
const SMALL_ORDER: ReadonlySet<string> = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]);

/**
 * Refuses an X25519 key unless it is the one spelling of a point of large order. @throws IntentError
 * `intent/public-key`
 */
export function checkX25519PublicKey(publicKey: Uint8Array): Uint8Array {
  const digits = toHex(publicKey);
  if (publicKey.length !== 32 || toBigInt(publicKey.toReversed()) >= P || SMALL_ORDER.has(digits)) {
    throw new IntentError('intent/public-key', 'a canonical X25519 key that is not of small order');
  }
  return publicKey;
}

/**
 * Refuses an Ed25519 key unless it is the one spelling (RFC 8032) of a point of large order. @throws
 * IntentError `intent/public-key`
 */
export function checkEd25519PublicKey(publicKey: Uint8Array): Uint8Array {
  if (!backend.isLargeEd25519Point(publicKey)) {
    throw new IntentError(
      'intent/public-key',
      'a canonical Ed25519 key that is not of small order',
    );
  }
  return publicKey;
}
