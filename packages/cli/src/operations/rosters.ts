/**
 * Rosters: who has which chip, signed by a key that the coordinator does not have.
 *
 * @module
 */
import { ChipList } from '@quorate/wire';
import { generateKeyPairSync } from 'node:crypto';
import {
  chipFingerprint,
  decodePkcs8,
  decodeSpki,
  fromHex,
  type Roster,
  shortFingerprint,
  signRoster,
  toHex,
} from '@quorate/intent';
import { usageError } from '../errors.ts';
import { writeDurably } from '../files.ts';
import { type Api, everyPage } from '../remote/api.ts';
import { readSecretFile } from '../secrets.ts';

const SEED_BYTES = 32;

/** Makes a roster signing key: the seed goes to a private file as hex, the public key comes back. */
export function makeRosterKey(file: string): Uint8Array {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const seed = decodePkcs8('Ed25519', privateKey.export({ format: 'der', type: 'pkcs8' }));
  try {
    writeDurably(file, `${toHex(seed)}\n`, { private: true, fresh: true });
  } finally {
    seed.fill(0);
  }
  return decodeSpki('Ed25519', publicKey.export({ format: 'der', type: 'spki' }));
}

/** The active chips of the registry as a roster; a person compares the fingerprints before signing. */
export async function rosterFromRegistry(api: Api, serial: number): Promise<Roster> {
  const chips = await everyPage(api, ChipList, '/api/v1/chips', (page) => page.chips);
  return {
    serial,
    issuedAt: Date.now(),
    entries: chips
      .filter((chip) => chip.state === 'active')
      .map((chip) => ({
        username: chip.username,
        chipPublicKey: fromHex(chip.public_key.replace(/^0x/, '')),
      })),
  };
}

/** Signs a roster with the seed of a private file and gives the file's JSON form. */
export function signWithFile(roster: Roster, keyFile: string): string {
  const text = readSecretFile(keyFile, 'roster key');
  try {
    const seed = fromHex(new TextDecoder().decode(text));
    try {
      if (seed.length !== SEED_BYTES) throw usageError(`${keyFile} is not a roster key`);
      const signed = signRoster(roster, seed);
      return `${JSON.stringify(signed, null, 2)}\n`;
    } finally {
      seed.fill(0);
    }
  } finally {
    text.fill(0);
  }
}

/** One line a participant, with the fingerprint that people compare. */
export function rosterLines(roster: Roster): [string, string][] {
  return roster.entries.map((entry) => [
    entry.username,
    shortFingerprint(chipFingerprint(entry.chipPublicKey)),
  ]);
}

/** A roster before it is signed, as a file that people may read. */
export function unsignedRoster(roster: Roster): string {
  const content = {
    format: 'quorate-roster-draft/v1',
    serial: roster.serial,
    issued_at: roster.issuedAt,
    entries: roster.entries.map((entry) => ({
      username: entry.username,
      chip_public_key: toHex(entry.chipPublicKey),
    })),
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}
