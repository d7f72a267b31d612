/** Modules and tokens, in the thread that calls them: calls of Cryptoki block. docs/spec/chip.md §6. */
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equalBytes, framed, toHex } from '@quorate/intent';
import type { PKCS11 } from 'pkcs11js';
import { SecureElementError } from '../errors.ts';
import { lockFile } from '../virtual/lock.ts';
import { readChipKey } from './chipKey.ts';
import { CKF, CKM, CKR } from './constants.ts';
import { type CardOpener, TokenRunner } from './runner.ts';
import { type Handle, returnValue, TokenSession } from './session.ts';
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

/** One loaded and initialised module. */
export class ModuleHost {
  readonly #module: PKCS11;
  readonly #isOurs: boolean;

  private constructor(module: PKCS11, isOurs: boolean) {
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

  /** Every token that is there now. */
  list(): TokenDescription[] {
    return this.#slots().map((slot) => ({ ...this.#name(slot), publicKey: this.#publicKey(slot) }));
  }

  /** @throws SecureElementError `reader-not-found`, `ambiguous-token`, `wrong-chip`, `not-supported`, `locked` */
  open(choice: TokenChoice): TokenRunner {
    const { slot, description } = this.#choose(choice);
    checkMechanisms(description.label, this.#module.C_GetMechanismList(slot));
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

  close(): void {
    if (this.#isOurs) this.#module.C_Finalize();
    this.#module.close();
  }

  #slots(): Handle[] {
    return this.#module.C_GetSlotList(true).filter((slot) => {
      const { flags } = this.#module.C_GetTokenInfo(slot);
      return (flags & CKF.tokenInitialised) !== 0;
    });
  }

  #name(slot: Handle): TokenName {
    const { label, serialNumber, manufacturerID, model, flags } = this.#module.C_GetTokenInfo(slot);
    return {
      label: trim(label),
      serial: trim(serialNumber),
      manufacturer: trim(manufacturerID),
      model: trim(model),
      ready: (flags & CKF.userPinInitialised) !== 0,
      hardware: (this.#module.C_GetSlotInfo(slot).flags & CKF.hardwareSlot) !== 0,
    };
  }

  /** A token that cannot be read is listed, and refused when it is opened. */
  #publicKey(slot: Handle): Uint8Array | null {
    let session: TokenSession | null = null;
    try {
      session = new TokenSession(this.#module, slot);
      return readChipKey(session);
    } catch {
      return null;
    } finally {
      session?.closeOnly();
    }
  }

  /** E-9: a label names nothing for sure; serial and key do. */
  #choose({ token, serial, publicKey }: TokenChoice): {
    readonly slot: Handle;
    readonly description: TokenName;
  } {
    const all = this.#slots().map((slot) => ({ slot, description: this.#name(slot) }));
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
    const own = publicKey === undefined ? null : this.#publicKey(only.slot);
    if (publicKey !== undefined && (own === null || !equalBytes(own, publicKey))) {
      throw new SecureElementError(
        'wrong-chip',
        `the token "${token}" (serial ${only.description.serial}) is another chip: its key is ${own === null ? 'none' : toHex(own)}, expected ${toHex(publicKey)}`,
      );
    }
    return only;
  }

  #card(slot: Handle, description: TokenName): TokenCard {
    const options = { cplc: tokenCplc(description), software: !description.hardware };
    return new TokenCard(new TokenSession(this.#module, slot), options);
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

/** One process per token: two would each keep their own list of its records. */
function lockPath({ manufacturer, serial }: TokenName): string {
  const uid = process.getuid?.() ?? 0;
  const directory = join(tmpdir(), `quorate-${uid}`);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const stat = lstatSync(directory);
  if (!stat.isDirectory() || stat.uid !== uid || (stat.mode & 0o022) !== 0) {
    throw new SecureElementError('locked', `${directory} is not a directory of this user alone`);
  }
  const name = createHash('sha256').update(
    framed('token', Buffer.from(manufacturer), Buffer.from(serial)),
  );
  return join(directory, `quorate-token-${name.digest('hex').slice(0, 32)}`);
}

/** Cryptoki pads texts with blanks. */
function trim(text: string): string {
  return text.replaceAll('\0', ' ').trim();
}
