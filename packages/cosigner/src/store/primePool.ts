/**
 * Pairs of safe primes, sealed on disk until used. A pair is durably removed before it is given out: a prime
 * in two moduli gives both away (P-13).
 */
import { createFile, makePrivateDirectory, removeIfPresent, syncDirectory } from '@quorate/holder';
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { framed, u16, utf8 } from '@quorate/intent';
import type { ModulusBits, PrimePair, PrimePool } from '@quorate/tss';
import { SetupError } from '../errors.ts';

const LABEL = 'quorate/v1/cosigner/primes';
const NONCE_LENGTH = 12;
const TAG_LENGTH = 16;

/** The pool of one store. */
export interface SealedPool extends PrimePool {
  count(bits: ModulusBits): number;
  /** Seals a pair; on disk when the call returns. */
  add(bits: ModulusBits, pair: PrimePair): void;
  /** Every prime in stock; the pairs stay there. */
  primes(bits: ModulusBits): bigint[];
}

/** Opens the pool under its key (32 bytes). */
export function openPrimePool(directory: string, key: Uint8Array): SealedPool {
  makePrivateDirectory(directory);
  const names = (bits: ModulusBits): string[] =>
    readdirSync(directory).filter(
      (name) => name.startsWith(`${bits}-`) && name.endsWith('.sealed'),
    );
  return {
    count: (bits) => names(bits).length,
    add: (bits, pair) => {
      const name = `${bits}-${randomBytes(8).toString('hex')}.sealed`;
      createFile(join(directory, name), seal(key, name, bits, pair));
    },
    primes: (bits) =>
      names(bits).flatMap((name) => open(key, name, bits, readFileSync(join(directory, name)))),
    take: (bits) => {
      const [name] = names(bits);
      if (name === undefined) return null;
      const path = join(directory, name);
      const pair = opened(path, () => open(key, name, bits, readFileSync(path)));
      removeIfPresent(path);
      syncDirectory(directory);
      return pair;
    },
  };
}

/** Sets aside a file that does not open, so that it is met only once. */
function opened(path: string, read: () => PrimePair): PrimePair {
  try {
    return read();
  } catch (error) {
    renameSync(path, `${path}.damaged`);
    syncDirectory(dirname(path));
    throw error;
  }
}

function associatedData(name: string, bits: number): Uint8Array {
  return framed(LABEL, utf8(name), u16(bits));
}

function seal(key: Uint8Array, name: string, bits: ModulusBits, pair: PrimePair): Uint8Array {
  const nonce = randomBytes(NONCE_LENGTH);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_LENGTH });
  cipher.setAAD(associatedData(name, bits));
  const digits = pair.map((prime) => prime.toString(16).padStart(bits / 8, '0')).join('');
  const plain = Buffer.from(digits, 'hex');
  const sealed = [nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()];
  plain.fill(0);
  return Buffer.concat(sealed);
}

function open(key: Uint8Array, name: string, bits: ModulusBits, sealed: Uint8Array): PrimePair {
  try {
    const nonce = sealed.subarray(0, NONCE_LENGTH);
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_LENGTH });
    decipher.setAAD(associatedData(name, bits));
    decipher.setAuthTag(sealed.subarray(-TAG_LENGTH));
    const plain = decipher.update(sealed.subarray(NONCE_LENGTH, -TAG_LENGTH));
    decipher.final();
    const half = bits / 16;
    const prime = (from: number): bigint =>
      BigInt(`0x${plain.subarray(from, from + half).toString('hex')}`);
    const pair: PrimePair = [prime(0), prime(half)];
    plain.fill(0);
    return pair;
  } catch (error) {
    throw new SetupError('store/tampered', `${name}: sealed primes that cannot be opened`, error);
  }
}
