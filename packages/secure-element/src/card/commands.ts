/** The commands that do not touch records. docs/spec/chip.md §3. */
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
import { type Card, CAPACITY, StatusError } from './card.ts';
import type { PoweredCard } from './memory.ts';

/** Longest DER signature of P-256. */
export const MAX_DER = 72;
const VERSION = [1, 0];
const FLAG_PERSONALISED = 0x01;
const FLAG_SOFTWARE = 0x80;

/** GET CPLC: tag 9F7F, length, 42 bytes. */
export function getCplc(card: Card): Uint8Array {
  return Uint8Array.of(0x9f, 0x7f, 0x2a, ...card.cplc);
}

/** GET INFO: version(2) capacity used tries flags fingerprint(32) counter(4). */
export function getInfo({ card }: PoweredCard): Uint8Array {
  const { used, triesLeft, personalised, authorisationKey, counter, software } = card.status();
  const flags = (software ? FLAG_SOFTWARE : 0) | (personalised ? FLAG_PERSONALISED : 0);
  const fingerprint =
    authorisationKey === null ? new Uint8Array(32) : chipFingerprint(authorisationKey);
  const head = [...VERSION, CAPACITY, used, triesLeft, flags];
  return Uint8Array.of(...head, ...fingerprint, ...u32(counter));
}

/** GET PUBLIC KEY. */
export function getPublicKey({ card }: PoweredCard): Uint8Array {
  return card.publicKey().slice();
}

/** PERSONALISE: authorisation key(65) ‖ PIN(4..16). Makes the chip's own key; only once. */
export function personalise({ card }: PoweredCard, data: Uint8Array): void {
  if (card.status().personalised) throw new StatusError(SW.conditions);
  card.personalise(point(data.slice(0, 65)), data.subarray(65));
}

/** ROTATE: new authorisation key(65) ‖ challenge(16) ‖ DER by the old authorisation key. */
export function rotate({ card, memory }: PoweredCard, data: Uint8Array): void {
  const challenge = data.subarray(65, 81);
  memory.consumeChallenge(challenge);
  const newAuthorisationKey = point(data.slice(0, 65));
  const chipPublicKey = card.publicKey();
  const message = rotateMessage({ chipPublicKey, newAuthorisationKey, challenge });
  if (!verifyP256(card.authorisationKey(), message, data.subarray(81))) {
    throw new StatusError(SW.authorisationRefused);
  }
  card.replaceAuthorisationKey(newAuthorisationKey);
}

/** REGISTER: nonce(32). */
export function register({ card }: PoweredCard, nonce: Uint8Array): Uint8Array {
  const { cplc } = card;
  return card.sign(registrationMessage({ chipPublicKey: card.publicKey(), cplc, nonce }));
}

/** SIGN SESSION: payload(171), hashed here under the chip's own label. */
export function signSession({ card, memory }: PoweredCard, payload: Uint8Array): Uint8Array {
  const publicKey = card.publicKey();
  const der = card.sign(sessionMessage(publicKey, payload));
  memory.rememberSession(sessionHash(publicKey, payload));
  return der;
}

/** VERIFY PIN: PIN(4..16). */
export function verifyPin({ card, memory }: PoweredCard, pin: Uint8Array): void {
  memory.pinVerified = false;
  card.verifyPin(pin);
  memory.pinVerified = true;
}

/** CHANGE PIN: length of the old PIN(1) ‖ old PIN ‖ new PIN(4..16). The old PIN costs a try like any other. */
export function changePin({ card, memory }: PoweredCard, data: Uint8Array): void {
  const [length = 0] = data;
  const newPin = data.subarray(1 + length);
  if (!isPinLength(length) || !isPinLength(newPin.length)) throw new StatusError(SW.wrongLength);
  memory.pinVerified = false;
  card.changePin(data.subarray(1, 1 + length), newPin);
  memory.pinVerified = true;
}

/** Whether a PIN may have this length. */
export function isPinLength(length: number): boolean {
  return length >= 4 && length <= 16;
}

function point(bytes: Uint8Array): Uint8Array {
  try {
    return checkP256PublicKey(bytes);
  } catch {
    throw new StatusError(SW.wrongData);
  }
}
