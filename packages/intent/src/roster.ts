/** The chips of all participants, signed by a key that every agent pinned (docs/spec/intent.md §6, R-15). */
import { backend } from '#backend';
import { exactly, equalBytes, fromBase64, fromHex, toBase64, toHex, u64, utf8 } from './bytes.ts';
import { IntentError } from './errors.ts';
import { framed } from './framed.ts';
import { LABELS } from './label.ts';
import { checkP256PublicKey } from './p256.ts';

/** One participant's chip. */
export interface RosterEntry {
  readonly username: string;
  /** 65 bytes */
  readonly chipPublicKey: Uint8Array;
}

/** A list of participants' chips. Of two rosters the one with the higher serial applies. */
export interface Roster {
  readonly serial: number;
  /** milliseconds since 1970 */
  readonly issuedAt: number;
  readonly entries: readonly RosterEntry[];
}

/** A roster in the form of a file. */
export interface SignedRoster {
  readonly format: typeof ROSTER_FORMAT;
  readonly serial: number;
  readonly issued_at: number;
  readonly entries: readonly { readonly username: string; readonly chip_public_key: string }[];
  /** Hex of the Ed25519 key (32 bytes) that signed. A hint: verifiers use the key that they pinned. */
  readonly public_key: string;
  /** Base64 of 64 bytes. */
  readonly signature: string;
}

/** Names the version of the file. */
export const ROSTER_FORMAT = 'quorate-roster/v1';
/** UTF-16 units. */
const MAX_USERNAME = 128;
const MAX_ENTRIES = 1024;
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** The bytes that the roster key signs; entries are sorted by name. @throws IntentError `intent/roster` */
export function encodeRosterForSigning(roster: Roster): Uint8Array {
  const entries = checkEntries(roster.entries).map(({ username, chipPublicKey }) =>
    framed(LABELS.rosterEntry, utf8(username), chipPublicKey),
  );
  return framed(LABELS.roster, u64(roster.serial), u64(roster.issuedAt), ...entries);
}

function checkEntries(entries: readonly RosterEntry[]): RosterEntry[] {
  if (entries.length === 0 || entries.length > MAX_ENTRIES) {
    throw new IntentError('intent/roster', `1 to ${MAX_ENTRIES} entries`);
  }
  if (new Set(entries.map(({ username }) => username)).size !== entries.length) {
    throw new IntentError('intent/roster', 'each username once');
  }
  if (new Set(entries.map((entry) => toHex(entry.chipPublicKey))).size !== entries.length) {
    throw new IntentError('intent/roster', 'each chip once');
  }
  for (const { username, chipPublicKey } of entries) {
    checkUsername(username);
    checkP256PublicKey(chipPublicKey);
  }
  return entries.toSorted((a, b) => (a.username < b.username ? -1 : 1));
}

function checkUsername(username: string): void {
  // Security: checks the length first, because normalisation takes quadratic time.
  const fits = username !== '' && username.length <= MAX_USERNAME;
  if (!fits || username.normalize('NFC') !== username || UNPRINTABLE.test(username)) {
    throw new IntentError(
      'intent/roster',
      `usernames of 1 to ${MAX_USERNAME} printable characters`,
    );
  }
}

/** Signs a roster with an Ed25519 secret key (32 bytes); returns the file's content. */
export function signRoster(roster: Roster, secretKey: Uint8Array): SignedRoster {
  exactly('roster key', secretKey, 32);
  const message = encodeRosterForSigning(roster);
  return {
    format: ROSTER_FORMAT,
    serial: roster.serial,
    issued_at: roster.issuedAt,
    entries: checkEntries(roster.entries).map(({ username, chipPublicKey }) => ({
      username,
      chip_public_key: toHex(chipPublicKey),
    })),
    public_key: toHex(backend.ed25519PublicKey(secretKey)),
    signature: toBase64(backend.signEd25519(message, secretKey)),
  };
}

/**
 * Verifies a roster (a parsed file) under the pinned key (32 bytes).
 *
 * @throws IntentError `intent/roster` for another key, another signature or a malformed file
 */
export function verifyRoster(file: unknown, publicKey: Uint8Array): Roster {
  exactly('roster key', publicKey, 32);
  const signed = parseRoster(file);
  const roster: Roster = {
    serial: signed.serial,
    issuedAt: signed.issued_at,
    entries: signed.entries.map((entry) => ({
      username: entry.username,
      chipPublicKey: fromHex(entry.chip_public_key, 65),
    })),
  };
  const message = encodeRosterForSigning(roster);
  if (!equalBytes(fromHex(signed.public_key, 32), publicKey)) {
    throw new IntentError('intent/roster', 'a roster that the pinned key signed');
  }
  const signature = fromBase64(signed.signature, 64);
  if (!backend.verifyEd25519(signature, message, publicKey)) {
    throw new IntentError('intent/roster', "the roster key's signature");
  }
  return roster;
}

/** Reads a roster (a parsed file) without verifying it. @throws IntentError `intent/roster` */
export function parseRoster(file: unknown): SignedRoster {
  const value = record(file, ROSTER_FIELDS);
  if (value['format'] !== ROSTER_FORMAT || !Array.isArray(value['entries'])) {
    throw new IntentError('intent/roster', `a file of format ${ROSTER_FORMAT}`);
  }
  return {
    format: ROSTER_FORMAT,
    serial: natural(value['serial']),
    issued_at: natural(value['issued_at']),
    entries: value['entries'].map((item: unknown) => {
      const entry = record(item, ['username', 'chip_public_key']);
      return {
        username: text(entry['username']),
        chip_public_key: text(entry['chip_public_key']),
      };
    }),
    public_key: text(value['public_key']),
    signature: text(value['signature']),
  };
}

const ROSTER_FIELDS = ['format', 'serial', 'issued_at', 'entries', 'public_key', 'signature'];

function record(value: unknown, fields: readonly string[]): Readonly<Record<string, unknown>> {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const map = new Map<string, unknown>(isObject ? Object.entries(value) : []);
  if (map.size !== fields.length || !fields.every((field) => map.has(field))) {
    throw new IntentError('intent/roster', `the fields ${fields.join(', ')}, and no others`);
  }
  return Object.fromEntries(map);
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new IntentError('intent/roster', 'a string');
  return value;
}

function natural(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new IntentError('intent/roster', 'a natural number');
  }
  return value;
}
