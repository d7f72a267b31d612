/**
 * Powers and primes of Node: OpenSSL's constant-time Montgomery power, reached through a Diffie–Hellman
 * object per modulus. Making one checks the modulus, which takes as long as several powers, so they are
 * kept; those of secret moduli are released with their key. Outside the range in which the object is right,
 * BigInt computes (J-10).
 */
import {
  checkPrimeSync,
  createDiffieHellman,
  type DiffieHellman,
  generatePrimeSync,
} from 'node:crypto';
import { bitsOf, guardPower, type ModularBackend } from './modular.ts';

/** Below, `computeSecret` has returned wrong numbers without an error; above, it refuses. */
const MODULUS_BITS = { min: 512, max: 10_000 } as const;
/** Most moduli that are kept ready; the least recently used one goes first. */
const KEPT = 512;

const FIXED_GENERATOR = Uint8Array.of(2);
const NOTHING = Uint8Array.of(1);

const toBytes = (n: bigint, width: number): Buffer =>
  Buffer.from(n.toString(16).padStart(2 * width, '0'), 'hex');

const kept = new Map<bigint, DiffieHellman>();

const groupOf = (modulus: bigint, width: number): DiffieHellman => {
  const group = kept.get(modulus) ?? createDiffieHellman(toBytes(modulus, width), FIXED_GENERATOR);
  kept.delete(modulus);
  kept.set(modulus, group);
  if (kept.size > KEPT) for (const oldest of kept.keys()) if (kept.delete(oldest)) break;
  return group;
};

/** Null where the object has no answer: it refuses results of 0, 1 and −1. */
const compute = (
  base: bigint,
  exponent: bigint,
  exponentBits: number,
  modulus: bigint,
): bigint | null => {
  const width = Math.ceil(modulus.toString(16).length / 2);
  if (modulus < 1n << BigInt(MODULUS_BITS.min - 1) || 8 * width > MODULUS_BITS.max) return null;
  if (exponent === 0n || base <= 1n || base === modulus - 1n) return null;
  const secret = toBytes(exponent, Math.ceil(exponentBits / 8));
  let group: DiffieHellman | undefined;
  try {
    group = groupOf(modulus, width);
    group.setPrivateKey(secret);
    return BigInt(`0x${group.computeSecret(toBytes(base, width)).toString('hex')}`);
  } catch {
    return null;
  } finally {
    group?.setPrivateKey(NOTHING); // the library clears the one before
    secret.fill(0);
  }
};

/** The operations of OpenSSL; `fallback` computes the rest. */
export function nativeModular(fallback: ModularBackend): ModularBackend {
  const modPow: ModularBackend['modPow'] = (base, exponent, exponentBits, modulus) => {
    const reduced = guardPower(base, exponent, exponentBits, modulus);
    return (
      compute(reduced, exponent, exponentBits, modulus) ??
      fallback.modPow(reduced, exponent, exponentBits, modulus)
    );
  };
  return {
    modPow,
    release: (...moduli) => {
      for (const modulus of moduli) kept.delete(modulus);
    },
    modPowPublic: (base, exponent, modulus) => {
      const bits = bitsOf(exponent);
      const reduced = guardPower(base, exponent, bits, modulus);
      return (
        compute(reduced, exponent, bits, modulus) ??
        fallback.modPowPublic(reduced, exponent, modulus)
      );
    },
    generateSafePrime: (bits) => generatePrimeSync(bits, { safe: true, bigint: true }),
    isProbablePrime: (n) => n >= 2n && checkPrimeSync(n, { checks: 64 }),
  };
}
