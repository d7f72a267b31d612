/**
 * A chip on a token: its keys never leave the token, and its records are data objects sealed there.
 * docs/spec/chip.md §6.
 */
import { createHash, randomBytes } from 'node:crypto';
import { concat, encodeDer, verifyP256 } from '@quorate/intent';
import { type Card, type CardStatus, type RecordPlace, StatusError } from '../card/card.ts';
import { SecureElementError } from '../errors.ts';
import { SW } from '../status.ts';
import { returnValue, TokenGoneError, tokenFailure } from './calls.ts';
import { type ChipName, decodePoint, publishChipKey, readChipKey } from './chipKey.ts';
import { CKR } from './constants.ts';
import { allKeys, checkProtections, findKeys, generateKeys } from './keys.ts';
import { pinStatus, triesLeft } from './pins.ts';
import type { Handle, TokenSession } from './session.ts';
import { TokenStore } from './store.ts';

/** Precedes the random bytes that a start signs, to check that both halves of the identity key form a pair. */
const CHECK_LABEL = Buffer.from('quorate-se/v1/token-check', 'utf8');

/** State while the user is logged in. */
interface Opened {
  readonly identity: Handle;
  readonly store: TokenStore;
}

/** Options of a token's card. */
export interface TokenCardOptions {
  /** 42 bytes, for the chip on the token. */
  readonly cplc: (chip: ChipName | null) => Uint8Array;
  readonly software: boolean;
  /** Called with a chip's key before it is made, or restored; throws if another process has that chip. */
  readonly claim: (chipKey: Uint8Array) => void;
}

/** Keys, PIN and records of one token. */
export class TokenCard implements Card {
  /** The token's security officer resets the PIN instead. */
  readonly takesPuk = false;
  readonly #session: TokenSession;
  readonly #options: TokenCardOptions;
  #name: ChipName | null;
  #opened: Opened | null = null;
  #shown: Pick<CardStatus, 'used' | 'authorisationKey' | 'counter'>;
  #fault: Error | null = null;

  constructor(session: TokenSession, options: TokenCardOptions) {
    this.#session = session;
    this.#options = options;
    this.#shown = { used: 0, authorisationKey: null, counter: 0 };
    this.#name = readChipKey(session);
  }

  get cplc(): Uint8Array {
    return this.#options.cplc(this.#name);
  }

  /** Takes the last failure, once, if a status word cannot express it. */
  takeFault(): Error | null {
    const fault = this.#fault;
    this.#fault = null;
    return fault;
  }

  /** Number of records that something else than this driver changed or removed; 0 before the PIN. */
  damaged(): number {
    return this.#opened?.store.damaged ?? 0;
  }

  /** 65 bytes; null before personalisation */
  knownKey(): Uint8Array | null {
    return this.#name?.key ?? null;
  }

  /** Whether the token can answer; false after it was pulled out, even if it is back. */
  isThere(): boolean {
    return this.#session.isThere();
  }

  status(): CardStatus {
    return this.#try(() => ({
      ...this.#shown,
      triesLeft: triesLeft(this.#session.flags()),
      pukTriesLeft: null,
      personalised: this.#name !== null,
      software: this.#options.software,
    }));
  }

  publicKey(): Uint8Array {
    if (this.#name === null) throw new StatusError(SW.conditions);
    return this.#name.key;
  }

  authorisationKey(): Uint8Array {
    return this.#open().store.authorisationKey;
  }

  sign(message: Uint8Array): Uint8Array {
    const { identity } = this.#open();
    return this.#try(() => signWith(this.#session, identity, message));
  }

  personalise(authorisationKey: Uint8Array, pin: Uint8Array): void {
    this.#try(() => {
      this.#login(pin);
      try {
        this.#removeLeftovers();
        const keys = generateKeys(this.#session);
        const name = { key: decodePoint(keys.point), isInCplc: true };
        this.#options.claim(name.key);
        TokenStore.create(this.#session, { ...keys, chipKey: name.key, authorisationKey });
        this.#show(this.#inspect(name));
        this.#publish(name);
      } finally {
        this.unverifyPin();
      }
    }, SW.memoryFailure);
  }

  replaceAuthorisationKey(authorisationKey: Uint8Array): void {
    this.#write(({ store }) => store.replaceAuthorisationKey(authorisationKey));
  }

  verifyPin(pin: Uint8Array): void {
    this.#try(() => {
      this.unverifyPin();
      this.#login(pin);
      try {
        this.#opened = this.#inspect(this.#named());
        this.#show(this.#opened);
      } catch (error) {
        this.unverifyPin();
        throw error;
      }
    });
  }

  changePin(pin: Uint8Array, newPin: Uint8Array): void {
    this.verifyPin(pin);
    this.#try(() => {
      this.#setPin(pin, newPin);
    });
    this.verifyPin(newPin);
  }

  unblock(): void {
    throw new StatusError(SW.unknownInstruction);
  }

  unverifyPin(): void {
    this.#opened = null;
    this.#session.logout();
  }

  find(recordId: Uint8Array): RecordPlace | null {
    const { store } = this.#open();
    const place = store.find(recordId);
    if (place !== null) return place;
    // An unreadable record may be this one, so its absence cannot be claimed.
    this.#fault = store.damage();
    if (this.#fault !== null) throw new StatusError(SW.failure);
    this.#write(() => store.clean());
    return null;
  }

  insert(record: Parameters<Card['insert']>[0]): { readonly slot: number; readonly used: number } {
    return this.#write(({ store }) => store.insert(record));
  }

  release(slot: number): { readonly secret: Uint8Array; readonly releaseCount: number } {
    return this.#write(({ store }) => store.release(slot));
  }

  delete(slot: number): number {
    return this.#write(({ store }) => store.delete(slot));
  }

  /** E-5: logs out and closes the session. */
  powerOff(): void {
    this.#opened = null;
    this.#session.close();
  }

  #open(): Opened {
    if (this.#opened === null) throw new StatusError(SW.pinRequired);
    return this.#opened;
  }

  #show({ store }: Opened): void {
    const { used, authorisationKey, counter } = store;
    this.#shown = { used, authorisationKey, counter };
  }

  /** A failed write leaves the token's content unknown: only a new start reads it. */
  #write<T>(change: (opened: Opened) => T): T {
    const opened = this.#open();
    return this.#try(() => {
      const result = written(() => change(opened));
      this.#show(opened);
      return result;
    }, SW.memoryFailure);
  }

  #try<T>(run: () => T, otherwise: number = SW.failure): T {
    try {
      return run();
    } catch (error) {
      if (error instanceof StatusError) throw error;
      const isTold = error instanceof SecureElementError || error instanceof TokenGoneError;
      const code = otherwise === SW.memoryFailure ? 'memory-failure' : 'chip-failure';
      this.#fault = isTold ? error : tokenFailure(error, code);
      throw new StatusError(isTold ? SW.failure : otherwise);
    }
  }

  #login(pin: Uint8Array): void {
    try {
      this.#session.login(Buffer.from(pin).toString('utf8'));
    } catch (error) {
      throw pinStatus(error, this.#session.flags()) ?? error;
    }
  }

  #setPin(pin: Uint8Array, newPin: Uint8Array): void {
    try {
      const [old, fresh] = [pin, newPin].map((bytes) => Buffer.from(bytes).toString('utf8'));
      this.#session.setPin(old ?? '', fresh ?? '');
    } catch (error) {
      // The old PIN was right a moment ago, so the new one has the wrong form.
      const code = returnValue(error);
      const isForm = code === CKR.pinInvalid || code === CKR.pinLenRange;
      const flags = this.#session.flags();
      throw isForm ? new StatusError(SW.wrongData) : (pinStatus(error, flags) ?? error);
    }
  }

  #named(): ChipName {
    if (this.#name === null) throw new StatusError(SW.conditions);
    return this.#name;
  }

  /** The self-check of every start. The token is logged in. */
  #inspect({ key: chipKey, isInCplc }: ChipName): Opened {
    const { identity, sealing } = findKeys(this.#session);
    const check = concat(CHECK_LABEL, chipKey, new Uint8Array(randomBytes(32)));
    if (!verifyP256(chipKey, check, signWith(this.#session, identity, check))) {
      throw new SecureElementError(
        'wrong-chip',
        'the token is refused: its public key is not that of its identity key',
      );
    }
    const store = TokenStore.open(this.#session, { sealing, chipKey });
    if (store.isInCplc !== isInCplc) {
      throw new SecureElementError(
        'token-changed',
        'the token is refused: its public object was changed by something else',
      );
    }
    for (const key of [identity, sealing]) checkProtections(this.#session, key, store.refused);
    return { identity, store };
  }

  /** The last step of personalisation. */
  #publish(name: ChipName): void {
    publishChipKey(this.#session, name);
    this.#name = name;
  }

  /**
   * Removes the remains of a cut-off personalisation: keys, perhaps a state, and never a record.
   *
   * Security: anybody may remove the public object, without a PIN. It is then restored from the sealed state,
   * because new keys would lose the records.
   */
  #removeLeftovers(): void {
    if (TokenStore.hasRecords(this.#session)) {
      const name = TokenStore.chipName(this.#session, findKeys(this.#session).sealing);
      this.#options.claim(name.key);
      this.#publish(name);
      throw new StatusError(SW.conditions);
    }
    TokenStore.removeStates(this.#session);
    for (const key of allKeys(this.#session)) this.#session.destroy(key);
  }
}

/** Turns a lost login during the calls of a write into a failure: it is unknown what was written. */
function written<T>(change: () => T): T {
  try {
    return change();
  } catch (error) {
    const isLogin = error instanceof StatusError && error.statusWord === SW.pinRequired;
    throw isLogin ? new StatusError(SW.memoryFailure) : error;
  }
}

function signWith(session: TokenSession, identity: Handle, message: Uint8Array): Uint8Array {
  return encodeDer(session.sign(identity, createHash('sha256').update(message).digest()));
}
