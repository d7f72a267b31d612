/** The one public object: who the chip is, for everybody to read. docs/spec/chip.md §6.4. */
import { checkP256PublicKey, equalBytes } from '@quorate/intent';
import { SecureElementError } from '../errors.ts';
import { CKA, CKO } from './constants.ts';
import { LABEL } from './keys.ts';
import type { TokenSession } from './session.ts';

/** The chip's CPLC is its token's alone, as before chips were told apart by their key. */
const FORMAT_OF_TOKEN = 1;
/** The chip's CPLC has its key in it. */
const FORMAT_WITH_KEY = 2;

/** Who a chip says that it is. */
export interface ChipName {
  /** 65 bytes */
  readonly key: Uint8Array;
  /** Whether the key is in its CPLC; false of a chip that was personalised before that. */
  readonly isInCplc: boolean;
}

/** Writes the object; from here on the token is personalised. */
export function publishChipKey(session: TokenSession, { key, isInCplc }: ChipName): void {
  session.create([
    { type: CKA.class, value: CKO.data },
    { type: CKA.token, value: true },
    { type: CKA.private, value: false },
    { type: CKA.label, value: LABEL.chipKey },
    { type: CKA.value, value: Buffer.of(isInCplc ? FORMAT_WITH_KEY : FORMAT_OF_TOKEN, ...key) },
  ]);
}

/** Null before personalisation. What it says is compared with the sealed state after the PIN. */
export function readChipKey(session: TokenSession): ChipName | null {
  const found = session.find([
    { type: CKA.class, value: CKO.data },
    { type: CKA.label, value: LABEL.chipKey },
  ]);
  const [object] = found;
  if (object === undefined) return null;
  const value = session.attribute(object, CKA.value) ?? new Uint8Array(0);
  const [format] = value;
  const isKnown = format === FORMAT_OF_TOKEN || format === FORMAT_WITH_KEY;
  if (found.length > 1 || value.length !== 66 || !isKnown) {
    throw new SecureElementError(
      'token-changed',
      `the token is not used: its public object "${LABEL.chipKey}" is not one key`,
    );
  }
  return { key: value.slice(1), isInCplc: format === FORMAT_WITH_KEY };
}

/** CKA_EC_POINT is a DER OCTET STRING; some tokens give the point without it. */
export function decodePoint(bytes: Uint8Array): Uint8Array {
  const hasHeader = bytes.length === 67 && equalBytes(bytes.subarray(0, 2), Uint8Array.of(4, 65));
  return checkP256PublicKey(hasHeader ? bytes.slice(2) : bytes);
}
