/** Commands that do not concern records. docs/spec/chip.md §3. */
import {
  checkP256PublicKey,
  chipFingerprint,
  registrationMessage,
  rotateMessage,
  sessionHash,
  sessionMessage,
  u32,
  unblockMessage,
  verifyP256,
} from '@quorate/intent';
import { SW } from '../status.ts';
import { type Card, type CardStatus, CAPACITY, StatusError } from './card.ts';
import type { PoweredCard } from './memory.ts';

/** Shortest DER signature to check. */
export const MIN_DER = 8;
/** Longest DER signature of P-256. */
export const MAX_DER = 72;
const VERSION = [1, 1];
const FLAG_PERSONALISED = 0x01;
const FLAG_PUK = 0x02;
/** The position of the PUK's tries in the flags. */
const PUK_TRIES_SHIFT = 2;
const FLAG_SOFTWARE = 0x80;

/** GET CPLC: tag 9F7F, length, 42 bytes. */
export function getCplc(card: Card): Uint8Array {
  return Uint8Array.of(0x9f, 0x7f, 0x2a, ...card.cplc);
}

/** GET INFO: version(2) capacity used tries flags fingerprint(32) counter(4). */
export function getInfo({ card }: PoweredCard): Uint8Array {
  const status = card.status();
  const { used, triesLeft, authorisationKey, counter } = status;
  const fingerprint =
    authorisationKey === null ? new Uint8Array(32) : chipFingerprint(authorisationKey);
  const head = [...VERSION, CAPACITY, used, triesLeft, flagsOf(status)];
  return Uint8Array.of(...head, ...fingerprint, ...u32(counter));
}

function flagsOf({ software, personalised, pukTriesLeft }: CardStatus): number {
  const flags = (software ? FLAG_SOFTWARE : 0) | (personalised ? FLAG_PERSONALISED : 0);
  return pukTriesLeft === null ? flags : flags | FLAG_PUK | (pukTriesLeft << PUK_TRIES_SHIFT);
}

/** GET PUBLIC KEY. */
export function getPublicKey({ card }: PoweredCard): Uint8Array {
  return card.publicKey().slice();
}

/**
 * PERSONALISE: authorisation key(65) ‖ PIN(4..16), with P1 01 authorisation key(65) ‖ length of the PIN(1) ‖ PIN ‖
 * PUK(8..16). Makes the chip's own key; only once.
 */
export function personalise({ card }: PoweredCard, data: Uint8Array, p1: number): void {
  if (card.status().personalised) throw new StatusError(SW.conditions);
  const { pin, puk } = p1 === 0 ? { pin: data.subarray(65), puk: null } : pinAndPuk(data, 65);
  card.personalise(point(data.slice(0, 65)), pin, puk);
}

function pinAndPuk(data: Uint8Array, at: number): { pin: Uint8Array; puk: Uint8Array } {
  const length = data[at] ?? 0;
  const pin = data.subarray(at + 1, at + 1 + length);
  const puk = data.subarray(at + 1 + length);
  if (!isPinLength(pin.length) || pin.length !== length || !isPukLength(puk.length)) {
    throw new StatusError(SW.wrongLength);
  }
  return { pin, puk };
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

/**
 * UNBLOCK: challenge(16) ‖ length(1) ‖ PUK(8..16) ‖ length(1) ‖ new PIN(4..16) ‖ DER by the authorisation key.
 *
 * Security: checks the authorisation before the PUK, so that a host without one cannot use up the tries of the
 * PUK.
 */
export function unblock({ card, memory }: PoweredCard, data: Uint8Array): void {
  const { challenge, puk, newPin, signature } = unblockingOf(data);
  if (card.status().triesLeft !== 0) throw new StatusError(SW.conditions);
  memory.consumeChallenge(challenge);
  const message = unblockMessage({ chipPublicKey: card.publicKey(), challenge });
  if (!verifyP256(card.authorisationKey(), message, signature)) {
    throw new StatusError(SW.authorisationRefused);
  }
  card.unblock(puk, newPin);
}

/** Checks first of all whether UNBLOCK's lengths add up. */
function unblockingOf(data: Uint8Array): {
  challenge: Uint8Array;
  puk: Uint8Array;
  newPin: Uint8Array;
  signature: Uint8Array;
} {
  const pukEnd = 17 + (data[16] ?? 0);
  const pinEnd = pukEnd + 1 + (data[pukEnd] ?? 0);
  const signature = data.subarray(pinEnd);
  const isForm =
    isPukLength(pukEnd - 17) &&
    isPinLength(pinEnd - pukEnd - 1) &&
    signature.length >= MIN_DER &&
    signature.length <= MAX_DER;
  if (!isForm) throw new StatusError(SW.wrongLength);
  return {
    challenge: data.subarray(0, 16),
    puk: data.subarray(17, pukEnd),
    newPin: data.subarray(pukEnd + 1, pinEnd),
    signature,
  };
}

/** Whether a PUK may have this length. */
function isPukLength(length: number): boolean {
  return length >= 8 && length <= 16;
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
