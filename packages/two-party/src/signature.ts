/** A signature in a text. */
import { fromHex, IntentError, verifySignature } from '@quorate/intent';

/** The signature that a partner says a session has, if it is one. */
export function signatureIn(
  text: string,
  digest: Uint8Array,
  address: string,
): Uint8Array | undefined {
  try {
    const signature = fromHex(text, 65);
    return verifySignature(digest, signature, address) ? signature : undefined;
  } catch (error) {
    if (error instanceof IntentError) return undefined;
    throw error;
  }
}
