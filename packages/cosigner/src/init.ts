/** Makes a cosigner's store: its chip, its keys, and the file for its partners. It overwrites nothing. */
import {
  createFile,
  makePrivateDirectory,
  openChip,
  readIfPresent,
  silentLogger,
} from '@quorate/holder';
import { ApduSecureElement, createVirtualChip, type SecureElement } from '@quorate/secure-element';
import {
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  randomInt,
} from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type LoadedConfig, pathOf } from './config.ts';
import { SetupError } from './errors.ts';
import { type CosignerPaths, nameOfChip, pathsOf, readSecretLine } from './files.ts';
import { makeP256, makeX25519, p256PublicKey, readPrivateKey, x25519Raw } from './keys.ts';
import { exportIdentity, type PublicIdentity, readIdentity, shownFingerprint } from './partner.ts';
import { givePin } from './pin.ts';
import { createStore } from './store/index.ts';
import { createStoreKey } from './storeKey.ts';
import { Vault } from './vault.ts';

/** The results of init. */
export interface InitResult {
  readonly store: string;
  /** The file for the partner. */
  readonly exported: string;
  /** The values that the two operators compare. */
  readonly fingerprint: string;
  /** Whether the chip is a program, even behind a module. */
  readonly software: boolean;
  /** Whether the chip has a PUK; tokens and cards with older applets have none. */
  readonly puk: boolean;
}

/** The inputs of a new store. */
export interface InitOptions {
  readonly scryptCost?: number;
  /**
   * Secret. 8 to 16 bytes that replace a blocked PIN; requested directly before personalising a chip that
   * takes a PUK, and wiped here.
   */
  readonly puk?: (() => Uint8Array) | undefined;
}

/**
 * Makes the store of a configuration: makes a virtual chip, or personalises a card or token.
 *
 * @throws SetupError `store/exists`, `chip/foreign` for a card or token of somebody else, `config/missing`,
 * `chip/wrong-pin`; SecureElementError
 */
export async function initCosigner(
  loaded: LoadedConfig,
  options: InitOptions = {},
): Promise<InitResult> {
  const paths = pathsOf(loaded);
  const { config } = loaded;
  const { kind } = paths.attachment;
  if (existsSync(paths.inStore('version')) || (kind === 'virtual' && existsSync(paths.chip))) {
    throw new SetupError('store/exists', `${paths.store} has a cosigner already`);
  }
  const attached = kind === 'virtual' ? undefined : await openAttached(paths);
  let agreement: KeyObject;
  try {
    agreement = makeFiles(loaded, paths);
    const authority = p256PublicKey(readPrivateKey(paths.inStore('authority')));
    if (attached === undefined) await makeChip(paths, authority, options);
    else await personalise(attached, authority, paths, options);
  } finally {
    await attached?.close();
  }
  const vault = await Vault.open(loaded, paths);
  try {
    await createStoreKey(vault);
    const identity: PublicIdentity = {
      name: config.name,
      role: config.role,
      identity: vault.publicKey,
      agreement: x25519Raw(agreement),
    };
    createIfMissing(paths.inStore('exported'), () => exportIdentity(identity));
    createStore(config, paths);
    return {
      store: paths.store,
      exported: paths.inStore('exported'),
      fingerprint: shownFingerprint(identity),
      software: vault.software,
      puk: vault.hasPuk,
    };
  } finally {
    await vault.close();
  }
}

/**
 * Makes everything but the chip and its derivatives; returns the agreement key. Files of an unfinished init
 * stay.
 */
function makeFiles(loaded: LoadedConfig, paths: CosignerPaths): KeyObject {
  makePrivateDirectory(paths.store);
  makePrivateDirectory(paths.inStore('partners'));
  if (paths.attachment.kind === 'virtual') {
    createIfMissing(paths.passphrase, () => `${randomBytes(24).toString('base64url')}\n`);
  }
  createIfMissing(paths.pin, () => `${String(randomInt(1e8)).padStart(8, '0')}\n`);
  createIfMissing(paths.inStore('peer'), () => makeX25519().pem);
  createIfMissing(paths.inStore('authority'), () => makeP256().pem);
  const { key_file: keyFile } = loaded.config.identity;
  if (keyFile !== undefined) createIfMissing(pathOf(loaded, keyFile), () => makeP256().pem);
  makeTokenKey(paths);
  return readPrivateKey(paths.inStore('peer'));
}

function createIfMissing(path: string, make: () => string): void {
  if (!existsSync(path)) createFile(path, make());
}

/** Makes the key that signs tokens of this server. */
function makeTokenKey(paths: CosignerPaths): void {
  createIfMissing(paths.inStore('authSecret'), () =>
    generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  );
  const privateKey = readPrivateKey(paths.inStore('authSecret'));
  createIfMissing(paths.inStore('authPublic'), () =>
    createPublicKey(privateKey).export({ format: 'pem', type: 'spki' }).toString(),
  );
}

async function makeChip(
  paths: CosignerPaths,
  authority: Uint8Array,
  { scryptCost, puk }: InitOptions,
): Promise<void> {
  const passphrase = readSecretLine(paths.passphrase);
  try {
    const cost = scryptCost === undefined ? {} : { scryptCost };
    const transport = await createVirtualChip({ file: paths.chip, passphrase, ...cost });
    const element = new ApduSecureElement(transport, { kind: 'virtual' });
    try {
      await withPuk(puk, paths, (pin, bytes) =>
        element.personalise(authority, pin, { puk: bytes }),
      );
    } finally {
      await element.close();
    }
  } finally {
    passphrase.fill(0);
  }
}

/** Opens a card or token, and checks that it can be this store's, before anything is made. */
async function openAttached(paths: CosignerPaths): Promise<SecureElement> {
  const { attachment, pin } = paths;
  if (attachment.kind === 'pkcs11' && !existsSync(pin)) {
    const what = `write the user PIN of ${nameOfChip(attachment)} into it, mode 0600`;
    throw new SetupError('config/missing', `${pin} is missing; ${what}`);
  }
  const element = await openChip(attachment, silentLogger);
  const { personalised } = await element.info();
  // If the authority exists already, this finishes an earlier init.
  if (!personalised || existsSync(paths.inStore('authority'))) return element;
  await element.close();
  const why = 'is in use already; a chip serves one store, and no agent beside it';
  throw new SetupError('chip/foreign', `${nameOfChip(attachment)} ${why}`);
}

/** Gives a card or token its authority: the one of this store, which is on disk by now. */
async function personalise(
  element: SecureElement,
  authority: Uint8Array,
  paths: CosignerPaths,
  { puk }: InitOptions,
): Promise<void> {
  const { personalised, version } = await element.info();
  if (personalised) return;
  const takesPuk = element.kind !== 'pkcs11' && version !== '1.0';
  await withPuk(takesPuk ? puk : undefined, paths, (pin, bytes) =>
    element.personalise(authority, pin, { puk: bytes }),
  );
}

async function withPuk(
  givePuk: InitOptions['puk'],
  paths: CosignerPaths,
  personalise: (pin: Uint8Array, puk: Uint8Array | undefined) => Promise<void>,
): Promise<void> {
  await givePin(paths, async (pin) => {
    const puk = givePuk?.();
    try {
      await personalise(pin, puk);
    } finally {
      puk?.fill(0);
    }
  });
}

/** The public half of this cosigner, from its own keys and not from the exported file. */
export function ownIdentity(loaded: LoadedConfig, vault: Vault): PublicIdentity {
  const { config } = loaded;
  const key = readPrivateKey(pathsOf(loaded).inStore('peer'));
  return {
    name: config.name,
    role: config.role,
    identity: vault.publicKey,
    agreement: x25519Raw(key),
  };
}

/**
 * Pins a partner's exported file after its fingerprint was compared.
 * @throws SetupError `config/invalid` for another fingerprint, `store/exists` for another key
 */
export function pinPartner(
  loaded: LoadedConfig,
  partner: string,
  file: string,
  fingerprint: string,
): PublicIdentity {
  const { config } = loaded;
  if (!config.partners.includes(partner)) {
    throw new SetupError('config/invalid', `${partner} is not among partners`);
  }
  const identity = readIdentity(file);
  const shown = shownFingerprint(identity);
  if (fingerprint.toLowerCase().replaceAll(/[^0-9a-f]/g, '') !== shown.replaceAll('-', '')) {
    throw new SetupError('config/invalid', `${file} has the fingerprint ${shown}, not that one`);
  }
  checkPartner(loaded, partner, identity);
  const pinned = join(pathsOf(loaded).inStore('partners'), `${partner}.json`);
  const content = exportIdentity(identity);
  const before = readIfPresent(pinned)?.toString('utf8');
  if (before !== undefined && before !== content) {
    throw new SetupError('store/exists', `${pinned} holds another key; remove it yourself first`);
  }
  if (before === undefined) createFile(pinned, content);
  return identity;
}

/** @throws SetupError `config/invalid` when the file is of another party, or of our own side */
export function checkPartner(
  { config }: LoadedConfig,
  partner: string,
  identity: PublicIdentity,
): void {
  if (identity.name !== partner) {
    throw new SetupError('config/invalid', `the key of ${partner} is of ${identity.name}`);
  }
  if (identity.role === config.role) {
    throw new SetupError(
      'config/invalid',
      `${partner} is ${identity.role}, too; roles must differ`,
    );
  }
}
