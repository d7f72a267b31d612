/** AES-256-GCM on a token: seals, and decides whether a seal fits. docs/spec/chip.md §6.4. */
import { randomBytes } from 'node:crypto';
import { equalBytes } from '@quorate/intent';
import { StatusError } from '../card/card.ts';
import { SW } from '../status.ts';
import { returnValue, tokenFailure, TokenGoneError } from './calls.ts';
import { CKM, CKR } from './constants.ts';
import { NONCE_LENGTH, type Sealed, TAG_LENGTH } from './objects.ts';

/** pkcs11js's number for GCM parameters with `ulIvBits`, the layout of v2.40. */
const GCM_PARAMETERS = 7;

/** Codes with only one meaning: the data differ from the sealed ones. */
const DOES_NOT_FIT: ReadonlySet<number | null> = new Set<number | null>([
  CKR.encryptedDataInvalid,
  CKR.encryptedDataLenRange,
  CKR.aeadDecryptFailed,
]);

/** Codes that some tokens give for a wrong tag, and all tokens for any other failure. */
const MAY_NOT_FIT: ReadonlySet<number | null> = new Set<number | null>([
  CKR.generalError,
  CKR.functionFailed,
  CKR.dataInvalid,
]);

/** One call of the token with a GCM mechanism. */
type GcmCall = (mechanism: GcmMechanism, input: Buffer, output: Buffer) => Buffer;

/** A mechanism as pkcs11js takes it. */
interface GcmMechanism {
  readonly mechanism: number;
  readonly parameter: { readonly type: number };
}

/** A sealing key of a token, as a session uses it. */
export interface SealingKey {
  readonly encrypt: GcmCall;
  readonly decrypt: GcmCall;
}

/** Seals with a new random nonce (E-3). */
export function seal(key: SealingKey, plain: Uint8Array, associatedData: Uint8Array): Sealed {
  const nonce = new Uint8Array(randomBytes(NONCE_LENGTH));
  const input = Buffer.from(plain);
  try {
    const output = Buffer.alloc(input.length + 2 * TAG_LENGTH);
    const body = new Uint8Array(key.encrypt(gcm(nonce, associatedData), input, output));
    // A shorter tag would be a weaker seal, however the token understood the parameters.
    if (body.length !== plain.length + TAG_LENGTH) throw new StatusError(SW.failure);
    return { nonce, body };
  } finally {
    input.fill(0);
  }
}

/**
 * Unseals data. Null if the seal does not fit, because something else changed the bytes.
 *
 * An ambiguous code counts as a misfit only if the token opens a fresh seal before and after, and refuses this
 * one both times: a token that fails temporarily has lost nothing.
 *
 * @throws SecureElementError `chip-failure` for every other failure
 */
export function unseal(
  key: SealingKey,
  sealed: Sealed,
  associatedData: Uint8Array,
): Uint8Array | null {
  if (sealed.nonce.length !== NONCE_LENGTH || sealed.body.length < TAG_LENGTH) return null;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return open(key, sealed, associatedData);
    } catch (error) {
      const code = returnValue(error);
      if (DOES_NOT_FIT.has(code)) return null;
      if (isTold(error)) throw error;
      if (!MAY_NOT_FIT.has(code) || !worksNow(key)) throw tokenFailure(error);
      if (attempt === 2) return null;
    }
  }
}

function open(key: SealingKey, { nonce, body }: Sealed, associatedData: Uint8Array): Uint8Array {
  const output = Buffer.alloc(body.length + TAG_LENGTH);
  try {
    const plain = key.decrypt(gcm(nonce, associatedData), Buffer.from(body), output);
    if (plain.length === body.length - TAG_LENGTH) return new Uint8Array(plain);
    throw new Error(`${plain.length} bytes were opened`);
  } finally {
    output.fill(0);
  }
}

/** Whether the token opens its own seal. */
function worksNow(key: SealingKey): boolean {
  const plain = new Uint8Array(randomBytes(32));
  const data = new Uint8Array(0);
  try {
    return equalBytes(open(key, seal(key, plain, data), data), plain);
  } catch (error) {
    if (isTold(error)) throw error;
    return false;
  }
}

function isTold(error: unknown): boolean {
  return error instanceof TokenGoneError || error instanceof StatusError;
}

function gcm(nonce: Uint8Array, associatedData: Uint8Array): GcmMechanism {
  const parameter = {
    type: GCM_PARAMETERS,
    iv: Buffer.from(nonce),
    ivBits: NONCE_LENGTH * 8,
    aad: Buffer.from(associatedData),
    tagBits: TAG_LENGTH * 8,
  };
  return { mechanism: CKM.aesGcm, parameter };
}
