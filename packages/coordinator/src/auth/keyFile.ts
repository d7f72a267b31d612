import { type KeyObject, createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  type Stats,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { makeDirectories } from '@quorate/intent/directory';
import { readOperatorFile, UnreadableFile } from '@quorate/wire/files';

/** The kinds of private key that the server makes for itself. */
export type KeyKind = 'ed25519' | 'p256';

/** Reports an unusable key file; the message names the file and the remedy. */
export class KeyFileError extends Error {
  override readonly name = 'KeyFileError';
  readonly code = 'config/key-file';
}

/**
 * Reads a private key, or makes one if the file does not exist.
 *
 * @throws KeyFileError if others may read the file, or it holds a key of another kind
 */
export function loadOrCreateKey(file: string, kind: KeyKind): KeyObject {
  return loadKey(file, kind) ?? createKeyFile(file, kind);
}

/**
 * Reads a private key: PKCS#8 PEM of mode 0600. Undefined if the file does not exist.
 *
 * @throws KeyFileError if others may read the file, or it holds a key of another kind
 */
export function loadKey(file: string, kind: KeyKind): KeyObject | undefined {
  const existing = readSecretFile(file);
  return existing === undefined ? undefined : parseKey(file, existing, kind);
}

/**
 * Makes a private key in a file of mode 0600 in a directory of mode 0700. Two processes that start at the same
 * moment end up with one key: the loser of the race reads the winner's.
 */
export function createKeyFile(file: string, kind: KeyKind): KeyObject {
  const pem = generate(kind).export({ type: 'pkcs8', format: 'pem' });
  createSecretFile(file, Buffer.from(pem));
  const winner = loadKey(file, kind);
  if (winner === undefined)
    throw new KeyFileError(`key file ${file} disappeared while it was being made`);
  return winner;
}

/**
 * Reads a file that only its owner may read.
 *
 * @throws KeyFileError if the file's mode gives others access, or it is not a regular file
 */
export function readSecretFile(file: string): Buffer | undefined {
  try {
    return readOperatorFile(file, { check: (stats) => checkMode(file, stats) });
  } catch (error) {
    if (isMissing(error)) return undefined;
    if (!(error instanceof UnreadableFile)) throw error;
    const why = error.kind === 'too-large' ? error.message : 'is not a regular file';
    throw new KeyFileError(`${file} ${why}`);
  }
}

function checkMode(file: string, { mode }: Stats): void {
  if (process.platform === 'win32' || (mode & 0o077) === 0) return;
  throw new KeyFileError(
    `key file ${file} has mode ${(mode & 0o777).toString(8)}, expected 600: run chmod 600 on it, and replace the key if others could read it`,
  );
}

/** Writes a file of mode 0600 durably, unless the name is taken. */
function createSecretFile(file: string, content: Uint8Array): void {
  const directory = dirname(file);
  makeDirectories(directory);
  const temporary = `${file}.${randomBytes(8).toString('hex')}.tmp`;
  const handle = openSync(temporary, 'wx', 0o600);
  try {
    writeSync(handle, content);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  try {
    linkSync(temporary, file);
  } catch (error) {
    if (!isExisting(error)) throw error;
  } finally {
    unlinkSync(temporary);
  }
  syncDirectory(directory);
}

function syncDirectory(directory: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function generate(kind: KeyKind): KeyObject {
  return kind === 'ed25519'
    ? generateKeyPairSync('ed25519').privateKey
    : generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}

function parseKey(file: string, pem: Buffer, kind: KeyKind): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: pem, format: 'pem' });
  } catch {
    throw new KeyFileError(`key file ${file} holds no PEM private key`);
  } finally {
    pem.fill(0);
  }
  if (kindOf(key) !== kind) {
    throw new KeyFileError(`key file ${file} holds a key of kind ${kindOf(key)}, expected ${kind}`);
  }
  return key;
}

/** Names the kind of a private or public key, in the terms of {@link KeyKind}. */
export function kindOf(key: KeyObject): string {
  if (key.asymmetricKeyType !== 'ec') return String(key.asymmetricKeyType);
  const curve = key.asymmetricKeyDetails?.namedCurve;
  return curve === 'prime256v1' ? 'p256' : String(curve);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function isExisting(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST';
}
