/** The one public object: who the chip is, for everybody to read. docs/spec/chip.md §6.4. */
import { checkP256PublicKey, equalBytes } from '@quorate/intent';
import { SecureElementError } from '../errors.ts';
import { CKA, CKO } from './constants.ts';
import { LABEL } from './keys.ts';
import type { TokenSession } from './session.ts';

const FORMAT = 1;

/** Writes the object; from here on the token is personalised. */
export function publishChipKey(session: TokenSession, chipKey: Uint8Array): void {
  session.create([
    { type: CKA.class, value: CKO.data },
    { type: CKA.token, value: true },
    { type: CKA.private, value: false },
    { type: CKA.label, value: LABEL.chipKey },
    { type: CKA.value, value: Buffer.of(FORMAT, ...chipKey) },
  ]);
}

/** 65 bytes, null before personalisation. It is compared with the identity key after the PIN. */
export function readChipKey(session: TokenSession): Uint8Array | null {
  const found = session.find([
    { type: CKA.class, value: CKO.data },
    { type: CKA.label, value: LABEL.chipKey },
  ]);
  const [object] = found;
  if (object === undefined) return null;
  const value = session.attribute(object, CKA.value) ?? new Uint8Array(0);
  if (found.length > 1 || value.length !== 66 || value[0] !== FORMAT) {
    throw new SecureElementError(
      'token-changed',
      `the token is not used: its public object "${LABEL.chipKey}" is not one key`,
    );
  }
  return value.slice(1);
}

/** CKA_EC_POINT is a DER OCTET STRING; some tokens give the point without it. */
export function decodePoint(bytes: Uint8Array): Uint8Array {
  const hasHeader = bytes.length === 67 && equalBytes(bytes.subarray(0, 2), Uint8Array.of(4, 65));
  return checkP256PublicKey(hasHeader ? bytes.slice(2) : bytes);
}
