/**
 * Verifies a signature in two independent ways: OpenSSL's curve, and the last check of `intent` (@noble).
 *
 * @module
 */
import { addressOf, toHex, verifyFinalSignature } from '@quorate/intent';
import { recoverWithOpenSsl } from './openssl.ts';

/** The verdict on a signature. */
export interface SignatureCheck {
  /** The address that signed, when both ways agree. */
  readonly address: string | undefined;
  /** 33 bytes as hex with 0x. */
  readonly publicKey: string | undefined;
  /** Why not, for people. */
  readonly reason: string | undefined;
}

/** Finds who signed a digest; both ways have to say the same. The signature is r ‖ s ‖ v, 65 bytes. */
export function checkSignature(digest: Uint8Array, signature: Uint8Array): SignatureCheck {
  const v = signature[64] ?? 0;
  if (signature.length !== 65 || (v !== 27 && v !== 28)) {
    return refused('a signature has 65 bytes and ends with 1b or 1c');
  }
  const publicKey = recoverWithOpenSsl(digest, {
    r: signature.subarray(0, 32),
    s: signature.subarray(32, 64),
    recovery: v - 27,
  });
  if (publicKey === undefined) return refused('OpenSSL: not a signature of this digest');
  const address = addressOf(publicKey);
  if (!verifyFinalSignature(digest, signature, address)) {
    return refused('OpenSSL and @noble/curves do not agree');
  }
  return { address, publicKey: `0x${toHex(compress(publicKey))}`, reason: undefined };
}

function refused(reason: string): SignatureCheck {
  return { address: undefined, publicKey: undefined, reason };
}

function compress(publicKey: Uint8Array): Uint8Array {
  const odd = ((publicKey[64] ?? 0) & 1) === 1;
  return Uint8Array.of(odd ? 3 : 2, ...publicKey.subarray(1, 33));
}
