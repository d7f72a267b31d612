/** Modules and tokens, in the thread that calls them, because calls of Cryptoki block. docs/spec/chip.md §6. */
import { createRequire } from 'node:module';
import { equalBytes, toHex } from '@quorate/intent';
import type { PKCS11 } from 'pkcs11js';
import { SecureElementError } from '../errors.ts';
import { call, returnValue, TokenGoneError } from './calls.ts';
import { readChipKey } from './chipKey.ts';
import { CKF, CKM, CKR } from './constants.ts';
import { TokenLocks } from './lockPath.ts';
import { blankLockName, chipLockName, tokenCplc, type TokenName } from './naming.ts';
import { initPin, type NewPin } from './pins.ts';
import { type CardOpener, TokenRunner } from './runner.ts';
import { type Handle, TokenSession } from './session.ts';
import { TokenCard } from './tokenCard.ts';

/** A token, and the chip that it is. */
export interface TokenDescription extends TokenName {
  /** 65 bytes; null if the token is not one of our chips yet */
  readonly publicKey: Uint8Array | null;
}

/** Selects a token. */
export interface TokenChoice {
  readonly token: string;
  readonly serial?: string | undefined;
  /** 65 bytes */
  readonly publicKey?: Uint8Array | undefined;
}

interface Token {
  readonly slot: Handle;
  readonly description: TokenName;
}

/** One loaded and initialised module. */
export class ModuleHost {
  readonly #module: PKCS11;
  readonly #isOurs: boolean;

  /** Over an initialised module; `isOurs` if this process has to finalise it. */
  constructor(module: PKCS11, isOurs: boolean) {
    this.#module = module;
    this.#isOurs = isOurs;
  }

  /** `parameters` are the module's own, as NSS needs them. @throws SecureElementError `module-missing` */
  static load(path: string, parameters?: string): ModuleHost {
    const { PKCS11 } = binding();
    const module = new PKCS11();
    try {
      module.load(path);
      module.C_Initialize({
        flags: CKF.osLocking,
        ...(parameters === undefined ? {} : { libraryParameters: parameters }),
      });
    } catch (error) {
      if (returnValue(error) === CKR.cryptokiAlreadyInitialised) {
        return new ModuleHost(module, false);
      }
      throw new SecureElementError(
        'module-missing',
        `${path} cannot be used as a PKCS#11 module: ${error instanceof Error ? error.message : 'no reason'}`,
        { cause: error },
      );
    }
    return new ModuleHost(module, true);
  }

  /** Lists every present token. An unreadable one is listed, and refused on opening. */
  list(): TokenDescription[] {
    return this.#tokens().map(({ slot, description }) => ({
      ...description,
      publicKey: this.#keyIfReadable(slot),
    }));
  }

  /**
   * @throws SecureElementError `reader-not-found`, `ambiguous-token`, `wrong-chip`, `not-personalised`, `card-removed`,
   * `not-supported`, `locked`
   */
  open(choice: TokenChoice): TokenRunner {
    return whilePresent(choice.token, () => this.#open(choice));
  }

  /**
   * Lets the security officer of a token set a new user PIN; its keys and records stay.
   *
   * @throws SecureElementError those of {@link ModuleHost.open}, and of {@link initPin}
   */
  resetPin(choice: TokenChoice, pins: NewPin): void {
    whilePresent(choice.token, () => {
      const { slot, description } = this.#choose(choice);
      const locks = this.#locked(slot, description);
      try {
        const session = new TokenSession(this.#module, slot);
        try {
          initPin(session, pins);
        } finally {
          session.close();
        }
      } finally {
        locks.release();
      }
    });
  }

  close(): void {
    if (this.#isOurs) this.#module.C_Finalize();
    this.#module.close();
  }

  #open(choice: TokenChoice): TokenRunner {
    const { slot, description } = this.#choose(choice);
    const mechanisms = call(() => this.#module.C_GetMechanismList(slot));
    checkMechanisms(description.label, mechanisms);
    const locks = this.#locked(slot, description);
    const pinned = { ...choice, serial: description.serial };
    const reopen: CardOpener = (known) => {
      const found = this.#choose({ ...pinned, publicKey: known ?? choice.publicKey });
      return this.#card(found.slot, found.description, locks);
    };
    try {
      const name = `"${description.label}" (serial ${description.serial})`;
      return new TokenRunner(name, reopen, () => locks.release());
    } catch (error) {
      locks.release();
      throw error;
    }
  }

  /** Locks a chip by its key, because several tokens may have one serial number. */
  #locked(slot: Handle, description: TokenName): TokenLocks {
    const key = this.#publicKey(slot);
    const locks = new TokenLocks();
    locks.take(key === null ? blankLockName(description) : chipLockName(key));
    return locks;
  }

  /** A slot that does not answer concerns another token: here it counts as empty. */
  #tokens(): Token[] {
    return this.#module.C_GetSlotList(true).flatMap((slot) => {
      const description = this.#describe(slot);
      return description === null ? [] : [{ slot, description }];
    });
  }

  #describe(slot: Handle): TokenName | null {
    try {
      return this.#name(slot);
    } catch (error) {
      if (returnValue(error) === null) throw error;
      return null;
    }
  }

  /** Null for an uninitialised token. */
  #name(slot: Handle): TokenName | null {
    const { label, serialNumber, manufacturerID, model, flags } = this.#module.C_GetTokenInfo(slot);
    if ((flags & CKF.tokenInitialised) === 0) return null;
    return {
      label: trim(label),
      serial: trim(serialNumber),
      manufacturer: trim(manufacturerID),
      model: trim(model),
      ready: (flags & CKF.userPinInitialised) !== 0,
      hardware: (this.#module.C_GetSlotInfo(slot).flags & CKF.hardwareSlot) !== 0,
    };
  }

  #keyIfReadable(slot: Handle): Uint8Array | null {
    try {
      return this.#publicKey(slot);
    } catch {
      return null;
    }
  }

  #publicKey(slot: Handle): Uint8Array | null {
    const session = new TokenSession(this.#module, slot);
    try {
      return readChipKey(session)?.key ?? null;
    } finally {
      session.closeOnly();
    }
  }

  /** E-9: a label identifies nothing reliably; serial and key do. */
  #choose({ token, serial, publicKey }: TokenChoice): Token {
    const all = this.#tokens();
    const labelled = all.filter(({ description }) => description.label === token);
    const found = labelled.filter(
      ({ description }) => serial === undefined || description.serial === serial,
    );
    // If even the serial numbers are equal, only the key distinguishes tokens.
    const own = found.length > 1 && publicKey !== undefined ? this.#withKey(found, publicKey) : [];
    const [only] = own.length > 0 ? own : found;
    if (only === undefined) throw notFound(token, serial, labelled.length > 0 ? labelled : all);
    if (own.length !== 1 && found.length > 1) throw ambiguous(token, found);
    if (publicKey !== undefined) checkKey(only, this.#publicKey(only.slot), publicKey);
    return only;
  }

  #withKey(tokens: readonly Token[], publicKey: Uint8Array): Token[] {
    return tokens.filter(({ slot }) => {
      const key = this.#keyIfReadable(slot);
      return key !== null && equalBytes(key, publicKey);
    });
  }

  #card(slot: Handle, description: TokenName, locks: TokenLocks): TokenCard {
    return new TokenCard(new TokenSession(this.#module, slot), {
      cplc: (chip) => tokenCplc(description, chip),
      software: !description.hardware,
      claim: (chipKey) => locks.take(chipLockName(chipKey)),
    });
  }
}

function ambiguous(token: string, found: readonly Token[]): SecureElementError {
  const serials = found.map(({ description }) => description.serial);
  const by = new Set(serials).size === serials.length ? 'serial' : 'public_key';
  return new SecureElementError(
    'ambiguous-token',
    `${found.length} tokens have the label "${token}": choose one by its ${by} (serials ${serials.join(', ')})`,
  );
}

/** Compares a token's chip key: another key is another chip, and a token without one is no chip. */
function checkKey(
  { description: { label, serial } }: Token,
  own: Uint8Array | null,
  expected: Uint8Array,
): void {
  const name = `the token "${label}" (serial ${serial})`;
  if (own === null) {
    const message = `${name} has no chip key; expected ${toHex(expected)}`;
    throw new SecureElementError('not-personalised', message);
  }
  if (equalBytes(own, expected)) return;
  const message = `${name} is another chip: its key is ${toHex(own)}, expected ${toHex(expected)}`;
  throw new SecureElementError('wrong-chip', message);
}

function whilePresent<T>(token: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof TokenGoneError)) throw error;
    const message = `the token "${token}" was removed while it was opened: put it back`;
    throw new SecureElementError('card-removed', message, { cause: error, unsent: true });
  }
}

/** Refuses a token, naming the mechanisms that it lacks. */
export function checkMechanisms(label: string, mechanisms: readonly number[]): void {
  const wanted = {
    CKM_AES_KEY_GEN: CKM.aesKeyGen,
    CKM_AES_GCM: CKM.aesGcm,
    CKM_EC_KEY_PAIR_GEN: CKM.ecKeyPairGen,
    CKM_ECDSA: CKM.ecdsa,
  };
  const missing = Object.entries(wanted).filter(([, mechanism]) => !mechanisms.includes(mechanism));
  if (missing.length === 0) return;
  const names = missing.map(([name]) => name).join(', ');
  throw new SecureElementError('not-supported', `the token "${label}" does not have ${names}`);
}

function binding(): typeof import('pkcs11js') {
  try {
    const load: (name: string) => typeof import('pkcs11js') = createRequire(import.meta.url);
    return load('pkcs11js');
  } catch (cause) {
    throw new SecureElementError(
      'module-missing',
      'tokens need pkcs11js, which is compiled at installation: install python3, make and g++, then run npm rebuild pkcs11js --ignore-scripts=false --foreground-scripts',
      { cause },
    );
  }
}

function notFound(
  token: string,
  serial: string | undefined,
  present: readonly { readonly description: TokenName }[],
): SecureElementError {
  const names = present.map(({ description: { label, serial: own } }) => `"${label}" (${own})`);
  const wanted = serial === undefined ? `"${token}"` : `"${token}" with the serial ${serial}`;
  const there = names.length === 0 ? 'there is none' : `there are ${names.join(', ')}`;
  return new SecureElementError('reader-not-found', `no token ${wanted}: ${there}`);
}

/** Removes the blanks with which Cryptoki pads texts. */
function trim(text: string): string {
  return text.replaceAll('\0', ' ').trim();
}
