import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** The cost of one password guess: scrypt's N (a power of two), r and p. */
export interface PasswordCost {
  /** Memory and time, a power of two, at least 2¹⁵. */
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** 32 MiB and about a fifth of a second per guess. */
export const DEFAULT_COST: PasswordCost = { N: 2 ** 15, r: 8, p: 3 };

/** Characters, after NFC normalisation. */
const MINIMUM_PASSWORD_LENGTH = 12;

const MAXIMUM_PASSWORD_LENGTH = 1024;
const HASH_LENGTH = 32;
const SALT_LENGTH = 16;
const LABEL = 'scrypt';

/** Returns what is wrong with a new password; undefined if it is accepted. */
export function passwordProblem(password: string, username: string): string | undefined {
  const characters = Array.from(password.normalize('NFC'));
  if (characters.length < MINIMUM_PASSWORD_LENGTH) {
    return `a password has at least ${MINIMUM_PASSWORD_LENGTH} characters`;
  }
  if (characters.length > MAXIMUM_PASSWORD_LENGTH) {
    return `a password has at most ${MAXIMUM_PASSWORD_LENGTH} characters`;
  }
  if (new Set(characters).size < 5) return 'a password has at least 5 different characters';
  if (password.normalize('NFC').toLowerCase() === username.toLowerCase()) {
    return 'a password differs from the username';
  }
  return undefined;
}

/** Hashes a password under a fresh salt: `scrypt$N$r$p$salt$hash`. */
export async function hashPassword(password: string, cost: PasswordCost): Promise<string> {
  const salt = randomBytes(SALT_LENGTH);
  const hash = await derive(password, salt, cost);
  const { N, r, p } = cost;
  return [LABEL, N, r, p, salt.toString('base64'), hash.toString('base64')].join('$');
}

/** Compares a password with a stored hash, at the hash's own cost. */
export async function verifyPassword(password: string, stored: string): Promise<boolean> {
  const { cost, salt, hash } = parseHash(stored);
  return timingSafeEqual(await derive(password, salt, cost), hash);
}

/** Whether a stored hash was made at another cost than the configured one. */
export function isOutdated(stored: string, cost: PasswordCost): boolean {
  const made = parseHash(stored).cost;
  return made.N !== cost.N || made.r !== cost.r || made.p !== cost.p;
}

function parseHash(stored: string): { cost: PasswordCost; salt: Buffer; hash: Buffer } {
  const [label, N, r, p, salt, hash] = stored.split('$');
  if (label !== LABEL || salt === undefined || hash === undefined) {
    throw new Error('stored password hash has an unknown form');
  }
  const cost = { N: Number(N), r: Number(r), p: Number(p) };
  return { cost, salt: Buffer.from(salt, 'base64'), hash: Buffer.from(hash, 'base64') };
}

function derive(password: string, salt: Buffer, cost: PasswordCost): Promise<Buffer> {
  if (cost.N < DEFAULT_COST.N) throw new Error(`scrypt N ${cost.N} is below ${DEFAULT_COST.N}`);
  const secret = Buffer.from(password.normalize('NFC'), 'utf8');
  const maxmem = 256 * cost.N * cost.r;
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, HASH_LENGTH, { ...cost, maxmem }, (error, key) => {
      secret.fill(0);
      if (error) reject(error);
      else resolve(key);
    });
  });
}
