/** A chip on a token: its keys never leave it, its records are data objects sealed on it. docs/spec/chip.md §6. */
import { createHash, randomBytes } from 'node:crypto';
import { concat, encodeDer, verifyP256 } from '@quorate/intent';
import { type Card, type CardStatus, type RecordPlace, StatusError } from '../card/card.ts';
import { SecureElementError } from '../errors.ts';
import { SW } from '../status.ts';
import { decodePoint, publishChipKey, readChipKey } from './chipKey.ts';
import { CKF, CKR } from './constants.ts';
import { allKeys, checkProtections, findKeys, generateKeys } from './keys.ts';
import { type Handle, returnValue, TokenGoneError, type TokenSession } from './session.ts';
import { TokenStore } from './store.ts';

/** Before the random bytes that a start signs, to see that both halves of the identity key are of one pair. */
const CHECK_LABEL = Buffer.from('quorate-se/v1/token-check', 'utf8');

/** What is known while somebody is logged in. */
interface Opened {
  readonly identity: Handle;
  readonly store: TokenStore;
}

/** Keys, PIN and records of one token. */
export class TokenCard implements Card {
  readonly cplc: Uint8Array;
  readonly #session: TokenSession;
  readonly #software: boolean;
  #chipKey: Uint8Array | null;
  #opened: Opened | null = null;
  #shown: Pick<CardStatus, 'used' | 'authorisationKey' | 'counter'>;
  #fault: Error | null = null;

  constructor(
    session: TokenSession,
    { cplc, software }: { readonly cplc: Uint8Array; readonly software: boolean },
  ) {
    this.#session = session;
    this.cplc = cplc;
    this.#software = software;
    this.#shown = { used: 0, authorisationKey: null, counter: 0 };
    this.#chipKey = readChipKey(session);
  }

  /** What a status word cannot say of the last command's failure, once. */
  takeFault(): Error | null {
    const fault = this.#fault;
    this.#fault = null;
    return fault;
  }

  /** Records that something else than this driver changed or removed; 0 before the PIN. */
  damaged(): number {
    return this.#opened?.store.damaged ?? 0;
  }

  /** 65 bytes; null before personalisation */
  knownKey(): Uint8Array | null {
    return this.#chipKey;
  }

  /** Whether the token can be asked; false after it was pulled out, also when it is back. */
  isThere(): boolean {
    return this.#session.isThere();
  }

  status(): CardStatus {
    return this.#try(() => ({
      ...this.#shown,
      triesLeft: triesLeft(this.#session.flags()),
      personalised: this.#chipKey !== null,
      software: this.#software,
    }));
  }

  publicKey(): Uint8Array {
    if (this.#chipKey === null) throw new StatusError(SW.conditions);
    return this.#chipKey;
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
        const chipKey = decodePoint(keys.point);
        TokenStore.create(this.#session, { ...keys, chipKey, authorisationKey });
        this.#show(this.#inspect(chipKey));
        this.#publish(chipKey);
      } finally {
        this.forgetPin();
      }
    }, SW.memoryFailure);
  }

  replaceAuthorisationKey(authorisationKey: Uint8Array): void {
    this.#write(({ store }) => store.replaceAuthorisationKey(authorisationKey));
  }

  verifyPin(pin: Uint8Array): void {
    this.#try(() => {
      this.forgetPin();
      this.#login(pin);
      try {
        this.#opened = this.#inspect(this.publicKey());
        this.#show(this.#opened);
      } catch (error) {
        this.forgetPin();
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

  forgetPin(): void {
    this.#opened = null;
    this.#session.logout();
  }

  find(recordId: Uint8Array): RecordPlace | null {
    const { store } = this.#open();
    const place = store.find(recordId);
    if (place !== null) return place;
    if (store.damaged === 0) {
      this.#write(() => store.clean());
      return null;
    }
    // One of the damaged records may be this one: that it does not exist cannot be said.
    this.#fault = store.damage();
    throw new StatusError(SW.failure);
  }

  insert(record: Parameters<Card['insert']>[0]): { readonly slot: number; readonly used: number } {
    return this.#write(({ store }) => store.insert(record));
  }

  release(slot: number): { readonly secret: Uint8Array; readonly releaseCount: number } {
    return this.#write(({ store }) => store.release(slot));
  }

  erase(slot: number): number {
    return this.#write(({ store }) => store.erase(slot));
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

  /** A failed write leaves it unknown what is on the token: only a new start looks. */
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
      this.#fault = isTold ? error : tokenFailure(error, otherwise);
      throw new StatusError(isTold ? SW.failure : otherwise);
    }
  }

  #login(pin: Uint8Array): void {
    try {
      this.#session.login(Buffer.from(pin).toString('utf8'));
    } catch (error) {
      throw this.#pinStatus(error) ?? error;
    }
  }

  #setPin(pin: Uint8Array, newPin: Uint8Array): void {
    try {
      const [old, fresh] = [pin, newPin].map((bytes) => Buffer.from(bytes).toString('utf8'));
      this.#session.setPin(old ?? '', fresh ?? '');
    } catch (error) {
      // The old PIN was right a moment ago: what has no fitting form is the new one.
      const code = returnValue(error);
      const isForm = code === CKR.pinInvalid || code === CKR.pinLenRange;
      throw isForm ? new StatusError(SW.wrongData) : (this.#pinStatus(error) ?? error);
    }
  }

  #pinStatus(error: unknown): Error | null {
    const code = returnValue(error);
    if (code === CKR.pinLocked) return new StatusError(SW.pinBlocked);
    if (code === CKR.userPinNotInitialised) {
      return new SecureElementError(
        'not-personalised',
        'the token has no user PIN: initialise it with its own program first',
      );
    }
    const isWrong =
      code === CKR.pinIncorrect || code === CKR.pinInvalid || code === CKR.pinLenRange;
    return isWrong ? new StatusError(SW.pinWrong | triesLeft(this.#session.flags())) : null;
  }

  /** Self-check of every start. The token is logged in. */
  #inspect(chipKey: Uint8Array): Opened {
    const { identity, sealing } = findKeys(this.#session);
    const check = concat(CHECK_LABEL, chipKey, new Uint8Array(randomBytes(32)));
    if (!verifyP256(chipKey, check, signWith(this.#session, identity, check))) {
      throw new SecureElementError(
        'wrong-chip',
        'the token is not used: its public key is not that of its identity key',
      );
    }
    const store = TokenStore.open(this.#session, { sealing, chipKey });
    for (const key of [identity, sealing]) checkProtections(this.#session, key, store.refused);
    return { identity, store };
  }

  /** The last step of personalisation. */
  #publish(chipKey: Uint8Array): void {
    publishChipKey(this.#session, chipKey);
    this.#chipKey = chipKey;
  }

  /**
   * After a personalisation that was cut off there are keys and perhaps a state, and never a record.
   *
   * Security: anybody may remove the public object, without a PIN. It is written again from the sealed state then; new
   * keys would lose the records.
   */
  #removeLeftovers(): void {
    if (TokenStore.hasRecords(this.#session)) {
      this.#publish(TokenStore.chipKey(this.#session, findKeys(this.#session).sealing));
      throw new StatusError(SW.conditions);
    }
    TokenStore.removeStates(this.#session);
    for (const key of allKeys(this.#session)) this.#session.destroy(key);
  }
}

/** A login that is lost among the calls of a write leaves it unknown what was written, as any failure does. */
function written<T>(change: () => T): T {
  try {
    return change();
  } catch (error) {
    const isLogin = error instanceof StatusError && error.statusWord === SW.pinRequired;
    throw isLogin ? new StatusError(SW.memoryFailure) : error;
  }
}

/** As far as tokens tell: 3 stands for all tries, 2 for "not all", 1 for the last, 0 for a blocked PIN. */
function triesLeft(flags: number): number {
  if ((flags & CKF.userPinLocked) !== 0) return 0;
  if ((flags & CKF.userPinFinalTry) !== 0) return 1;
  return (flags & CKF.userPinCountLow) !== 0 ? 2 : 3;
}

function signWith(session: TokenSession, identity: Handle, message: Uint8Array): Uint8Array {
  return encodeDer(session.sign(identity, createHash('sha256').update(message).digest()));
}

function tokenFailure(error: unknown, statusWord: number): SecureElementError {
  const code = returnValue(error);
  const what = code === null ? 'failed' : `refused (${code.toString(16)})`;
  const message = `the token ${what}: ${error instanceof Error ? error.message : 'no reason'}`;
  const isWrite = statusWord === SW.memoryFailure;
  return new SecureElementError(isWrite ? 'memory-failure' : 'chip-failure', message);
}
