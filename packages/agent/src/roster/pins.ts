/**
 * The participants' identities: usernames and the chip keys pinned for them (docs/spec/intent.md §6, R-15).
 * Pins come from rosters signed by the key pinned at `agent init`, or from a person who compared a
 * short fingerprint; never from the coordinator.
 */
import { HolderError, readIfPresent, replaceFile } from '@quorate/holder';
import {
  chipFingerprint,
  fromHex,
  type Roster,
  shortFingerprint,
  toHex,
  verifyRoster,
} from '@quorate/intent';
import { describeJsonProblem, parseJson } from '@quorate/wire';
import { z } from 'zod';
import { AgentError } from '../errors.ts';

/** A difference that a roster makes, with short fingerprints for people. */
export interface RosterChange {
  readonly username: string;
  readonly change: 'added' | 'removed' | 'changed';
  readonly before: string | null;
  readonly after: string | null;
}

/** A confirmed or rostered participant. */
interface Pin {
  readonly username: string;
  /** 65 bytes */
  readonly chipPublicKey: Uint8Array;
  readonly source: 'roster' | 'confirmed';
}

/** The pins of one agent. */
export interface Pins {
  /** The roster signing key, 32 bytes, or null when only confirmed fingerprints are used. */
  readonly rosterKey: Uint8Array | null;
  /** The serial of the roster in force, or null. */
  readonly serial: number | null;
  find(username: string): Uint8Array | undefined;
  list(): readonly Pin[];
  /** Verifies a roster file and tells the changes that it would make. */
  preview(file: string): { readonly serial: number; readonly changes: readonly RosterChange[] };
  /** Puts a roster in force, durably. */
  importRoster(file: string): readonly RosterChange[];
  /** Pins a chip key whose short fingerprint a person compared. */
  confirm(username: string, chipPublicKey: Uint8Array, comparedFingerprint: string): void;
}

interface PinsFile {
  readonly format: 'quorate-pins/v1';
  readonly roster_key: string | null;
  readonly roster: string | null;
  readonly confirmed: readonly { readonly username: string; readonly chip_public_key: string }[];
}

const pinsFileSchema: z.ZodType<PinsFile> = z.strictObject({
  format: z.literal('quorate-pins/v1'),
  roster_key: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
  roster: z.string().nullable(),
  confirmed: z.array(
    z.strictObject({
      username: z.string(),
      chip_public_key: z.string().regex(/^04[0-9a-f]{128}$/),
    }),
  ),
});

/** The first content of a pins file. */
export function emptyPins(rosterKey: Uint8Array | null): string {
  const file: PinsFile = {
    format: 'quorate-pins/v1',
    roster_key: rosterKey === null ? null : toHex(rosterKey),
    roster: null,
    confirmed: [],
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** Opens the pins file. @throws AgentError `store/tampered` */
export function openPins(path: string): Pins {
  return new FilePins(path);
}

class FilePins implements Pins {
  readonly rosterKey: Uint8Array | null;
  readonly #path: string;
  #file: PinsFile;
  #roster: Roster | null;

  constructor(path: string) {
    this.#path = path;
    // A disk that does not give the file says nothing of its content.
    const text = readIfPresent(path)?.toString() ?? 'null';
    try {
      this.#file = pinsFileSchema.parse(JSON.parse(text));
      this.rosterKey = this.#file.roster_key === null ? null : fromHex(this.#file.roster_key);
      this.#roster =
        this.#file.roster === null ? null : this.#verified(this.#file.roster, this.rosterKey);
    } catch (error) {
      throw new HolderError('store/tampered', `pins file ${path} cannot be used`, error);
    }
  }

  get serial(): number | null {
    return this.#roster?.serial ?? null;
  }

  find(username: string): Uint8Array | undefined {
    return this.list().find((pin) => pin.username === username)?.chipPublicKey;
  }

  list(): readonly Pin[] {
    const pins = new Map<string, Pin>();
    for (const { username, chip_public_key } of this.#file.confirmed) {
      pins.set(username, {
        username,
        chipPublicKey: fromHex(chip_public_key),
        source: 'confirmed',
      });
    }
    for (const { username, chipPublicKey } of this.#roster?.entries ?? []) {
      pins.set(username, { username, chipPublicKey, source: 'roster' });
    }
    return [...pins.values()];
  }

  preview(file: string): { serial: number; changes: readonly RosterChange[] } {
    const roster = this.#acceptable(file);
    return { serial: roster.serial, changes: changesTo(this.list(), roster) };
  }

  importRoster(file: string): readonly RosterChange[] {
    const roster = this.#acceptable(file);
    const changes = changesTo(this.list(), roster);
    // Rosters speak for everybody who is or was in one: an older confirmed pin must not outlive them.
    const rostered = new Set(
      [...(this.#roster?.entries ?? []), ...roster.entries].map(({ username }) => username),
    );
    const confirmed = this.#file.confirmed.filter(({ username }) => !rostered.has(username));
    this.#write({ ...this.#file, roster: file, confirmed });
    this.#roster = roster;
    return changes;
  }

  confirm(username: string, chipPublicKey: Uint8Array, comparedFingerprint: string): void {
    const expected = shortFingerprint(chipFingerprint(chipPublicKey));
    if (plain(comparedFingerprint) !== plain(expected)) {
      throw new AgentError('roster/fingerprint', `the fingerprint of ${username} is ${expected}`);
    }
    const known = this.find(username);
    if (known && toHex(known) !== toHex(chipPublicKey)) {
      throw new AgentError(
        'roster/refused',
        `${username} has another pinned chip; only a roster with a higher serial changes it`,
      );
    }
    if (known) return;
    const entry = { username, chip_public_key: toHex(chipPublicKey) };
    this.#write({ ...this.#file, confirmed: [...this.#file.confirmed, entry] });
  }

  #acceptable(file: string): Roster {
    const roster = this.#verified(file, this.rosterKey);
    if (this.#roster && roster.serial <= this.#roster.serial && file !== this.#file.roster) {
      throw new AgentError(
        'roster/old-serial',
        `roster serial ${roster.serial}; expected more than ${this.#roster.serial}`,
      );
    }
    return roster;
  }

  #verified(file: string, key: Uint8Array | null): Roster {
    if (key === null) throw new AgentError('roster/not-pinned', 'no roster key was pinned');
    const json = parseJson(file);
    if (!json.ok) {
      throw new AgentError('roster/refused', `the roster: ${describeJsonProblem(json)}`);
    }
    try {
      return verifyRoster(json.value, key);
    } catch (error) {
      throw new AgentError('roster/refused', 'the roster is not signed by the pinned key', error);
    }
  }

  #write(file: PinsFile): void {
    replaceFile(this.#path, `${JSON.stringify(file, null, 2)}\n`);
    this.#file = file;
  }
}

function changesTo(pins: readonly Pin[], roster: Roster): RosterChange[] {
  const changes: RosterChange[] = [];
  const before = new Map(pins.map((pin) => [pin.username, short(pin.chipPublicKey)]));
  for (const { username, chipPublicKey } of roster.entries) {
    const after = short(chipPublicKey);
    const known = before.get(username) ?? null;
    if (known === after) continue;
    changes.push({ username, change: known ? 'changed' : 'added', before: known, after });
  }
  const named = new Set(roster.entries.map((entry) => entry.username));
  for (const pin of pins) {
    if (pin.source === 'confirmed' || named.has(pin.username)) continue;
    const known = short(pin.chipPublicKey);
    changes.push({ username: pin.username, change: 'removed', before: known, after: null });
  }
  return changes;
}

function short(chipPublicKey: Uint8Array): string {
  return shortFingerprint(chipFingerprint(chipPublicKey));
}

/** People type fingerprints with or without their separators. */
function plain(fingerprint: string): string {
  return fingerprint.replaceAll(/[^0-9a-fA-F]/g, '').toLowerCase();
}
