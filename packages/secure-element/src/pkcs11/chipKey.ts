/** The one public object: identifies the chip to everybody. docs/spec/chip.md §6.4. */
import { checkP256PublicKey, equalBytes } from '@quorate/intent';
import { SecureElementError } from '../errors.ts';
import { CKA, CKO } from './constants.ts';
import { LABEL } from './keys.ts';
import type { TokenSession } from './session.ts';

/** The chip's CPLC comes from its token alone, as before chips were distinguished by their key. */
const FORMAT_OF_TOKEN = 1;
/** The chip's CPLC contains its key. */
const FORMAT_WITH_KEY = 2;

/** The identity that a chip claims. */
export interface ChipName {
  /** 65 bytes */
  readonly key: Uint8Array;
  /** Whether the CPLC contains the key; false for a chip personalised before that. */
  readonly isInCplc: boolean;
}

/** Writes the object; from then on the token is personalised. */
export function publishChipKey(session: TokenSession, { key, isInCplc }: ChipName): void {
  session.create([
    { type: CKA.class, value: CKO.data },
    { type: CKA.token, value: true },
    { type: CKA.private, value: false },
    { type: CKA.label, value: LABEL.chipKey },
    { type: CKA.value, value: Buffer.of(isInCplc ? FORMAT_WITH_KEY : FORMAT_OF_TOKEN, ...key) },
  ]);
}

/** Null before personalisation. The claim is compared with the sealed state after the PIN. */
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
      `the token is refused: its public object "${LABEL.chipKey}" is not one key`,
    );
  }
  return { key: value.slice(1), isInCplc: format === FORMAT_WITH_KEY };
}

/** Decodes CKA_EC_POINT: a DER OCTET STRING, or the bare point from some tokens. */
export function decodePoint(bytes: Uint8Array): Uint8Array {
  const hasHeader = bytes.length === 67 && equalBytes(bytes.subarray(0, 2), Uint8Array.of(4, 65));
  return checkP256PublicKey(hasHeader ? bytes.slice(2) : bytes);
}
