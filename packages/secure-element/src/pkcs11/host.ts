/** Modules and tokens, in the thread that calls them: calls of Cryptoki block. docs/spec/chip.md §6. */
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { equalBytes, framed, toHex } from '@quorate/intent';
import type { PKCS11 } from 'pkcs11js';
import { SecureElementError } from '../errors.ts';
import { lockFile } from '../virtual/lock.ts';
import { readChipKey } from './chipKey.ts';
import { CKF, CKM, CKR } from './constants.ts';
import { lockPath } from './lockPath.ts';
import { type CardOpener, TokenRunner } from './runner.ts';
import { call, type Handle, returnValue, TokenGoneError, TokenSession } from './session.ts';
import { TokenCard } from './tokenCard.ts';

/** What a module says of a token. */
export interface TokenName {
  readonly label: string;
  readonly serial: string;
  readonly manufacturer: string;
  readonly model: string;
  /** Whether the token has a user PIN; without one it cannot be personalised. */
  readonly ready: boolean;
  /** False where the module says that its slot is no hardware. */
  readonly hardware: boolean;
}

/** A token, and whose chip it is. */
export interface TokenDescription extends TokenName {
  /** 65 bytes; null when the token is no chip of ours yet */
  readonly publicKey: Uint8Array | null;
}

/** Which token is meant. */
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

  /** Over a module that is initialised; `isOurs` when this process has to finalise it. */
  constructor(module: PKCS11, isOurs: boolean) {
    this.#module = module;
    this.#isOurs = isOurs;
  }

  /** @throws SecureElementError `module-missing` */
  static load(path: string): ModuleHost {
    const { PKCS11 } = binding();
    const module = new PKCS11();
    try {
      module.load(path);
      module.C_Initialize({ flags: CKF.osLocking });
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

  /** Every token that is there now. One that cannot be read is listed, and refused when it is opened. */
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

  close(): void {
    if (this.#isOurs) this.#module.C_Finalize();
    this.#module.close();
  }

  #open(choice: TokenChoice): TokenRunner {
    const { slot, description } = this.#choose(choice);
    const mechanisms = call(() => this.#module.C_GetMechanismList(slot));
    checkMechanisms(description.label, mechanisms);
    const unlock = lockFile(lockPath(description));
    const pinned = { ...choice, serial: description.serial };
    const reopen: CardOpener = (known) => {
      const found = this.#choose({ ...pinned, publicKey: known ?? choice.publicKey });
      return this.#card(found.slot, found.description);
    };
    try {
      const name = `"${description.label}" (serial ${description.serial})`;
      return new TokenRunner(name, reopen, unlock);
    } catch (error) {
      unlock();
      throw error;
    }
  }

  /** A slot that does not answer is another token's trouble, and not there for this one. */
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

  /** Null for a token that nobody has initialised. */
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
      return readChipKey(session);
    } finally {
      session.closeOnly();
    }
  }

  /** E-9: a label names nothing for sure; serial and key do. */
  #choose({ token, serial, publicKey }: TokenChoice): Token {
    const all = this.#tokens();
    const labelled = all.filter(({ description }) => description.label === token);
    const found = labelled.filter(
      ({ description }) => serial === undefined || description.serial === serial,
    );
    const [only] = found;
    if (only === undefined) throw notFound(token, serial, labelled.length > 0 ? labelled : all);
    if (found.length > 1) {
      const serials = found.map(({ description }) => description.serial).join(', ');
      throw new SecureElementError(
        'ambiguous-token',
        `${found.length} tokens have the label "${token}": choose one by its serial (${serials})`,
      );
    }
    if (publicKey !== undefined) checkKey(only, this.#publicKey(only.slot), publicKey);
    return only;
  }

  #card(slot: Handle, description: TokenName): TokenCard {
    const options = { cplc: tokenCplc(description), software: !description.hardware };
    return new TokenCard(new TokenSession(this.#module, slot), options);
  }
}

/** What a token gives with a chip key; another key is another chip, and none is none. */
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

/** Refuses a token by the names of the mechanisms that it does not have. */
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

/**
 * The 42 bytes that stand for a token: `PK11`, SHA-256 of what its module says of it, six zeros. Like a card's CPLC
 * they identify and do not authenticate.
 */
export function tokenCplc({
  manufacturer,
  model,
  serial,
}: Pick<TokenName, 'manufacturer' | 'model' | 'serial'>): Uint8Array {
  const fields = [manufacturer, model, serial].map((text) => Buffer.from(text, 'utf8'));
  const hash = createHash('sha256').update(framed('quorate/v1/token-cplc', ...fields));
  return Uint8Array.of(...Buffer.from('PK11', 'latin1'), ...hash.digest(), ...new Uint8Array(6));
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

/** Cryptoki pads texts with blanks. */
function trim(text: string): string {
  return text.replaceAll('\0', ' ').trim();
}
