/** The virtual chip's keys, PIN and records: its state is in memory, and written before it is used. */
import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  timingSafeEqual,
} from 'node:crypto';
import { decodePkcs8, decodeSpki, encodePkcs8 } from '@quorate/intent';
import { type Card, type CardStatus, type RecordPlace, StatusError } from '../card/card.ts';
import { SW } from '../status.ts';
import {
  type ChipRecord,
  type ChipState,
  type Personalisation,
  PIN_TRIES,
  PUK_TRIES,
  usedSlots,
  wipeState,
} from './state.ts';

/** Writes a state so that it survives a power cut once this returns. */
export type Persist = (state: ChipState) => void;

/** The virtual chip over a way to write its state. */
export class VirtualCard implements Card {
  readonly takesPuk = true;
  #state: ChipState;
  readonly #persist: Persist;
  readonly #persistBeforeAnswer: Persist;
  /** Secret: the same key as in the state, for as long as the chip has power. */
  #signing: KeyObject | undefined;

  /** `persistBeforeAnswer` may begin a write that its caller waits for before it gives the command's answer out. */
  constructor(
    state: ChipState,
    persist: Persist,
    persistBeforeAnswer: (state: ChipState) => void = persist,
  ) {
    this.#state = state;
    this.#persist = persist;
    this.#persistBeforeAnswer = persistBeforeAnswer;
  }

  get cplc(): Uint8Array {
    return this.#state.cplc;
  }

  status(): CardStatus {
    const { personalisation, triesLeft, counter } = this.#state;
    return {
      used: usedSlots(this.#state),
      triesLeft,
      pukTriesLeft: personalisation?.puk?.triesLeft ?? null,
      personalised: personalisation !== null,
      authorisationKey: personalisation?.authorisationKey ?? null,
      counter,
      software: true,
    };
  }

  publicKey(): Uint8Array {
    return this.#personalisation().publicKey;
  }

  authorisationKey(): Uint8Array {
    return this.#personalisation().authorisationKey;
  }

  sign(message: Uint8Array): Uint8Array {
    this.#signing ??= signingKey(this.#personalisation());
    return new Uint8Array(sign('sha256', message, this.#signing));
  }

  personalise(authorisationKey: Uint8Array, pin: Uint8Array, puk: Uint8Array | null): void {
    const made = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const secret = made.privateKey.export({ format: 'der', type: 'pkcs8' });
    this.#signing = undefined;
    this.#commit({
      triesLeft: PIN_TRIES,
      personalisation: {
        privateKey: decodePkcs8('P-256', secret),
        publicKey: decodeSpki('P-256', made.publicKey.export({ format: 'der', type: 'spki' })),
        authorisationKey,
        ...pinVerifier(pin),
        puk: puk === null ? null : { triesLeft: PUK_TRIES, ...verifier(puk) },
      },
    });
  }

  replaceAuthorisationKey(authorisationKey: Uint8Array): void {
    this.#commit({ personalisation: { ...this.#personalisation(), authorisationKey } });
  }

  /** Security: takes and writes the try before the comparison, so that a power cut costs a try too (E-6). */
  verifyPin(pin: Uint8Array): void {
    const { pinSalt, pinHash } = this.#personalisation();
    const left = this.#state.triesLeft - 1;
    if (left < 0) throw new StatusError(SW.pinBlocked);
    this.#commit({ triesLeft: left });
    if (!isRight(pin, { salt: pinSalt, hash: pinHash })) throw new StatusError(SW.pinWrong | left);
    this.#commit({ triesLeft: PIN_TRIES });
  }

  changePin(pin: Uint8Array, newPin: Uint8Array): void {
    this.verifyPin(pin);
    this.#commit({ personalisation: { ...this.#personalisation(), ...pinVerifier(newPin) } });
  }

  /** Security: takes and writes the try before the comparison, as for the PIN. */
  unblock(puk: Uint8Array, newPin: Uint8Array): void {
    const personalisation = this.#personalisation();
    const { puk: own } = personalisation;
    if (own === null) throw new StatusError(SW.unknownInstruction);
    const left = own.triesLeft - 1;
    if (left < 0) throw new StatusError(SW.pinBlocked);
    this.#commit({ personalisation: { ...personalisation, puk: { ...own, triesLeft: left } } });
    if (!isRight(puk, own)) throw new StatusError(SW.pinWrong | left);
    this.#commit({
      triesLeft: PIN_TRIES,
      personalisation: {
        ...personalisation,
        ...pinVerifier(newPin),
        puk: { ...own, triesLeft: PUK_TRIES },
      },
    });
  }

  /** The machine holds the verification: there is nothing to end here. */
  unverifyPin(): void {}

  find(recordId: Uint8Array): RecordPlace | null {
    const slot = this.#state.records.findIndex(
      (record) => record !== null && timingSafeEqual(record.recordId, recordId),
    );
    const address = this.#state.records[slot]?.address;
    return address === undefined ? null : { slot, address };
  }

  insert(record: Omit<ChipRecord, 'releaseCount'>): {
    readonly slot: number;
    readonly used: number;
  } {
    const slot = this.#state.records.indexOf(null);
    if (slot < 0) throw new StatusError(SW.full);
    this.#commitRecord(slot, { ...record, releaseCount: 0 });
    return { slot, used: usedSlots(this.#state) };
  }

  release(slot: number): ChipRecord {
    const record = this.#record(slot);
    const releaseCount = record.releaseCount + 1;
    if (releaseCount > 0xffffffff) throw new StatusError(SW.failure);
    const counted = { ...record, releaseCount };
    this.#commitRecord(slot, counted, this.#persistBeforeAnswer);
    return { ...counted, secret: counted.secret.slice() };
  }

  delete(slot: number): number {
    const record = this.#record(slot);
    this.#commitRecord(slot, null);
    record.secret.fill(0);
    return usedSlots(this.#state);
  }

  powerOff(): void {
    this.#signing = undefined;
    wipeState(this.#state);
  }

  /** Writes a change before using it; if the write fails, the old state stays. */
  #commit(change: Partial<Omit<ChipState, 'counter'>>, persist = this.#persist): void {
    const counter = this.#state.counter + 1;
    if (counter > 0xffffffff) throw new StatusError(SW.failure);
    const next = { ...this.#state, ...change, counter };
    try {
      persist(next);
    } catch {
      throw new StatusError(SW.memoryFailure);
    }
    this.#state = next;
  }

  #commitRecord(slot: number, record: ChipRecord | null, persist = this.#persist): void {
    this.#commit({ records: this.#state.records.with(slot, record) }, persist);
  }

  #record(slot: number): ChipRecord {
    const record = this.#state.records[slot] ?? null;
    if (record === null) throw new StatusError(SW.recordNotFound);
    return record;
  }

  #personalisation(): Personalisation {
    if (this.#state.personalisation === null) throw new StatusError(SW.conditions);
    return this.#state.personalisation;
  }
}

function signingKey({ privateKey, publicKey }: Personalisation): KeyObject {
  const der = encodePkcs8('P-256', privateKey, publicKey);
  try {
    return createPrivateKey({ key: Buffer.from(der.buffer), format: 'der', type: 'pkcs8' });
  } finally {
    der.fill(0);
  }
}

/** The verifier of a PIN or PUK. */
interface Verifier {
  /** 16 bytes */
  readonly salt: Uint8Array;
  /** Secret. 32 bytes */
  readonly hash: Uint8Array;
}

function verifier(code: Uint8Array): Verifier {
  const salt = new Uint8Array(randomBytes(16));
  return { salt, hash: hashCode(salt, code) };
}

function pinVerifier(pin: Uint8Array): { pinSalt: Uint8Array; pinHash: Uint8Array } {
  const { salt, hash } = verifier(pin);
  return { pinSalt: salt, pinHash: hash };
}

function isRight(code: Uint8Array, { salt, hash: expected }: Verifier): boolean {
  const hash = hashCode(salt, code);
  try {
    return timingSafeEqual(hash, expected);
  } finally {
    hash.fill(0);
  }
}

function hashCode(salt: Uint8Array, code: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(salt).update(code).digest());
}
