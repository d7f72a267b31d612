/**
 * The results of a signature at one signer, and the check of one.
 */
import { fromHex, verifySignature } from '@quorate/intent';
import type { Abort, FailureOf, SuccessOf } from '@quorate/wire';

/** Believes a signature only after verifying it. */
export function isSignatureOf(signature: string, digest: Uint8Array, address: string): boolean {
  try {
    return verifySignature(digest, fromHex(signature, 65), address);
  } catch {
    return false;
  }
}

/** The result of a signer that has the signature. */
export function goodSignResult(
  sessionKey: string,
  partIndex: number,
  signature: string,
): SuccessOf<'sign'> {
  return {
    type: 'sign_result',
    session_key: sessionKey,
    part_index: partIndex,
    success: true,
    signature,
    message: '',
  };
}

/** The result that ends a signature. */
export function failedSignResult(
  sessionKey: string,
  partIndex: number,
  message: string,
  abort?: Abort,
): FailureOf<'sign'> {
  return {
    type: 'sign_result',
    session_key: sessionKey,
    part_index: partIndex,
    success: false,
    signature: '',
    message,
    ...(abort ? { abort } : {}),
  };
}
