/** Checks a caller's input to the driver; input that fails is never sent. */
import { SecureElementError } from './errors.ts';
import type { RecordAccess } from './secureElement.ts';

/** Bytes after their length(1). */
export function withLength(bytes: Uint8Array): Uint8Array[] {
  return [Uint8Array.of(bytes.length), bytes];
}

/** The data of READ and DELETE. @throws SecureElementError `input` */
export function accessData(access: RecordAccess, digest: Uint8Array): Uint8Array[] {
  return [
    exactly('record id', access.recordId, 32),
    exactly('address', access.address, 20),
    exactly('session hash', access.sessionHash, 32),
    digest,
    exactly('challenge', access.challenge, 16),
    checkSignature(access.signature),
  ];
}

/** @throws SecureElementError `input` */
export function checkSignature(signature: Uint8Array): Uint8Array {
  if (signature.length < 8 || signature.length > 72) {
    throw badInput('signature: a DER signature of 8 to 72 bytes');
  }
  return signature;
}

/** @throws SecureElementError `input` */
export function checkPin(pin: Uint8Array): Uint8Array {
  if (pin.length < 4 || pin.length > 16) {
    throw badInput('PIN: 4 to 16 bytes');
  }
  return pin;
}

/** @throws SecureElementError `input` */
export function checkPuk(puk: Uint8Array): Uint8Array {
  if (puk.length < 8 || puk.length > 16) {
    throw badInput('PUK: 8 to 16 bytes');
  }
  return puk;
}

/** @throws SecureElementError `input` */
export function exactly(name: string, bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length !== length) throw badInput(`${name}: ${length} bytes`);
  return bytes;
}

function badInput(message: string): SecureElementError {
  return new SecureElementError('input', message, { unsent: true });
}
