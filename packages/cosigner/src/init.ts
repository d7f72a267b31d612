/**
 * Makes a cosigner's store: its chip, its keys, and the file that its partners are given. Nothing
 * that exists is overwritten.
 */
import { createFile, makePrivateDirectory, readIfPresent } from '@quorate/agent';
import { ApduSecureElement, createVirtualChip } from '@quorate/secure-element';
import { generateKeyPairSync, randomBytes, randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type LoadedConfig, pathOf } from './config.ts';
import { SetupError } from './errors.ts';
import { type CosignerPaths, pathsOf, readSecretLine } from './files.ts';
import { makeP256, makeX25519, privateKeyFrom, x25519Raw } from './keys.ts';
import { exportIdentity, type PublicIdentity, readIdentity, shownFingerprint } from './partner.ts';
import { createVersion } from './store/version.ts';
import { createStoreKey } from './storeKey.ts';
import { Vault } from './vault.ts';

/** What init made. */
export interface InitResult {
  readonly store: string;
  /** The file for the partner. */
  readonly exported: string;
  /** What the two operators compare. */
  readonly fingerprint: string;
}

/**
 * Makes the store of a configuration.
 * @throws SetupError `store/exists`
 */
export async function initCosigner(
  loaded: LoadedConfig,
  options: { readonly scryptCost?: number } = {},
): Promise<InitResult> {
  const paths = pathsOf(loaded);
  const { config } = loaded;
  if (existsSync(paths.inStore('version')) || existsSync(paths.chip)) {
    throw new SetupError('store/exists', `${paths.store} has a cosigner already`);
  }
  makePrivateDirectory(paths.store);
  makePrivateDirectory(paths.inStore('partners'));
  createIfMissing(paths.passphrase, () => `${randomBytes(24).toString('base64url')}\n`);
  createIfMissing(paths.pin, () => `${String(randomInt(1e8)).padStart(8, '0')}\n`);
  const agreement = makeX25519();
  createFile(paths.inStore('peer'), agreement.pem);
  const authority = makeP256();
  createFile(paths.inStore('authority'), authority.pem);
  if (config.identity.key_file !== undefined) {
    createIfMissing(pathOf(loaded, config.identity.key_file), () => makeP256().pem);
  }
  makeTokenKey(paths);
  await makeChip(paths, authority.publicKey, options);
  const vault = await Vault.open(loaded, paths);
  try {
    await createStoreKey(vault);
    const identity: PublicIdentity = {
      name: config.name,
      role: config.role,
      identity: vault.publicKey,
      agreement: agreement.publicKey,
    };
    createFile(paths.inStore('exported'), exportIdentity(identity));
    createVersion(paths.inStore('version'), config.role, config.name);
    return {
      store: paths.store,
      exported: paths.inStore('exported'),
      fingerprint: shownFingerprint(identity),
    };
  } finally {
    await vault.close();
  }
}

function createIfMissing(path: string, make: () => string): void {
  if (!existsSync(path)) createFile(path, make());
}

/** The key that tokens of this server are signed with. */
function makeTokenKey(paths: CosignerPaths): void {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  createFile(
    paths.inStore('authSecret'),
    privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  );
  createIfMissing(paths.inStore('authPublic'), () =>
    publicKey.export({ format: 'pem', type: 'spki' }).toString(),
  );
}

async function makeChip(
  paths: CosignerPaths,
  authority: Uint8Array,
  options: { readonly scryptCost?: number },
): Promise<void> {
  const passphrase = readSecretLine(paths.passphrase);
  const pin = readSecretLine(paths.pin);
  try {
    const transport = await createVirtualChip({ file: paths.chip, passphrase, ...options });
    const element = new ApduSecureElement(transport, { kind: 'virtual' });
    await element.personalise(authority, pin);
    await element.close();
  } finally {
    passphrase.fill(0);
    pin.fill(0);
  }
}

/** The public half of this cosigner, from its own keys and not from the exported file. */
export function ownIdentity(loaded: LoadedConfig, vault: Vault): PublicIdentity {
  const { config } = loaded;
  const key = privateKeyFrom(readSecretLine(pathsOf(loaded).inStore('peer')));
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
