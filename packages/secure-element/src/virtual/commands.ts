/** The commands of the virtual chip that do not touch records. docs/spec/chip.md §3. */
import { createHash, generateKeyPairSync, randomBytes, timingSafeEqual } from 'node:crypto';
import {
  checkP256PublicKey,
  chipFingerprint,
  registrationMessage,
  rotateMessage,
  sessionHash,
  sessionMessage,
  u32,
  verifyP256,
} from '@quorate/intent';
import { SW } from '../status.ts';
import { type Chip, StatusError } from './chip.ts';
import { CAPACITY, PIN_TRIES, usedSlots } from './state.ts';

/** Longest DER signature of P-256. */
export const MAX_DER = 72;
const VERSION = [1, 0];
const FLAG_PERSONALISED = 0x01;
const FLAG_SOFTWARE = 0x80;

/** GET CPLC: tag 9F7F, length, 42 bytes. */
export function getCplc(chip: Chip): Uint8Array {
  return Uint8Array.of(0x9f, 0x7f, 0x2a, ...chip.state.cplc);
}

/** GET INFO: version(2) capacity used tries flags fingerprint(32) counter(4). */
export function getInfo(chip: Chip): Uint8Array {
  const { personalisation, triesLeft, counter } = chip.state;
  const flags = FLAG_SOFTWARE | (personalisation === null ? 0 : FLAG_PERSONALISED);
  const fingerprint =
    personalisation === null
      ? new Uint8Array(32)
      : chipFingerprint(personalisation.authorisationKey);
  const head = [...VERSION, CAPACITY, usedSlots(chip.state), triesLeft, flags];
  return Uint8Array.of(...head, ...fingerprint, ...u32(counter));
}

/** GET PUBLIC KEY. */
export function getPublicKey(chip: Chip): Uint8Array {
  return chip.personalisation().publicKey.slice();
}

/** PERSONALISE: authorisation key(65) ‖ PIN(4..16). Makes the chip's own key; only once. */
export function personalise(chip: Chip, data: Uint8Array): void {
  if (chip.state.personalisation !== null) throw new StatusError(SW.conditions);
  const authorisationKey = point(data.slice(0, 65));
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { d = '', x = '', y = '' } = privateKey.export({ format: 'jwk' });
  const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64url'));
  chip.commit({
    triesLeft: PIN_TRIES,
    personalisation: {
      privateKey: bytes(d),
      publicKey: Uint8Array.of(4, ...bytes(x), ...bytes(y)),
      authorisationKey,
      ...pinVerifier(data.subarray(65)),
    },
  });
}

/** ROTATE: new authorisation key(65) ‖ challenge(16) ‖ DER by the old authorisation key. */
export function rotate(chip: Chip, data: Uint8Array): void {
  const personalisation = chip.personalisation();
  const challenge = data.subarray(65, 81);
  chip.consumeChallenge(challenge);
  const newAuthorisationKey = point(data.slice(0, 65));
  const message = rotateMessage({
    chipPublicKey: personalisation.publicKey,
    newAuthorisationKey,
    challenge,
  });
  if (!verifyP256(personalisation.authorisationKey, message, data.subarray(81))) {
    throw new StatusError(SW.authorisationRefused);
  }
  chip.commit({ personalisation: { ...personalisation, authorisationKey: newAuthorisationKey } });
}

/** REGISTER: nonce(32). */
export function register(chip: Chip, nonce: Uint8Array): Uint8Array {
  const { publicKey } = chip.personalisation();
  const { cplc } = chip.state;
  return chip.sign(registrationMessage({ chipPublicKey: publicKey, cplc, nonce }));
}

/** SIGN SESSION: payload(171), hashed here under the chip's own label. */
export function signSession(chip: Chip, payload: Uint8Array): Uint8Array {
  const { publicKey } = chip.personalisation();
  const der = chip.sign(sessionMessage(publicKey, payload));
  chip.rememberSession(sessionHash(publicKey, payload));
  return der;
}

/** VERIFY PIN: PIN(4..16). */
export function verifyPin(chip: Chip, pin: Uint8Array): void {
  checkPin(chip, pin);
  chip.memory.pinVerified = true;
}

/** CHANGE PIN: length of the old PIN(1) ‖ old PIN ‖ new PIN(4..16). The old PIN costs a try like any other. */
export function changePin(chip: Chip, data: Uint8Array): void {
  const [length = 0] = data;
  const newPin = data.subarray(1 + length);
  if (!isPinLength(length) || !isPinLength(newPin.length)) throw new StatusError(SW.wrongLength);
  checkPin(chip, data.subarray(1, 1 + length));
  chip.commit({ personalisation: { ...chip.personalisation(), ...pinVerifier(newPin) } });
  chip.memory.pinVerified = true;
}

/** Security: the try is taken and written before the comparison, so that a power cut costs it too (E-6). */
function checkPin(chip: Chip, pin: Uint8Array): void {
  const { pinSalt, pinHash } = chip.personalisation();
  chip.memory.pinVerified = false;
  const left = chip.state.triesLeft - 1;
  if (left < 0) throw new StatusError(SW.pinBlocked);
  chip.commit({ triesLeft: left });
  const hash = hashPin(pinSalt, pin);
  const isRight = timingSafeEqual(hash, pinHash);
  hash.fill(0);
  if (!isRight) throw new StatusError(SW.pinWrong | left);
  chip.commit({ triesLeft: PIN_TRIES });
}

/** Whether a PIN may have this length. */
export function isPinLength(length: number): boolean {
  return length >= 4 && length <= 16;
}

function pinVerifier(pin: Uint8Array): { pinSalt: Uint8Array; pinHash: Uint8Array } {
  const pinSalt = new Uint8Array(randomBytes(16));
  return { pinSalt, pinHash: hashPin(pinSalt, pin) };
}

function hashPin(salt: Uint8Array, pin: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(salt).update(pin).digest());
}

function point(bytes: Uint8Array): Uint8Array {
  try {
    return checkP256PublicKey(bytes);
  } catch {
    throw new StatusError(SW.wrongData);
  }
}
