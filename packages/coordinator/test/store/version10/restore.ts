/** A store as the version before keys/ had a life of shares left it (scripts/makeStore.mjs). */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromHex } from '@quorate/intent';
import { ApduSecureElement, openVirtualChip } from '@quorate/secure-element';
import { temporaryDirectory } from '../../../../../test/support/temporaryDirectory.ts';
import { loadDriver } from '../../../src/store/driver.ts';
import { testClock } from '../../support/clock.ts';
import { type Person, reopenWorld, type World } from '../../support/world.ts';
import type { Received } from '../../support/socket.ts';

const HERE = dirname(fileURLToPath(import.meta.url));
const PIN = new TextEncoder().encode('123456');

/** A key of the store, with the test's own copy of everything secret. */
export interface OldKey {
  readonly address: string;
  readonly publicKey: string;
  readonly secret: string;
  readonly keyId: string;
  readonly threshold: number;
  readonly holders: readonly string[];
  /** By username. */
  readonly openers: Readonly<Record<string, string>>;
  readonly ciphertexts: Readonly<Record<string, string>>;
}

/** The store's contents, as whoever made it knows them. */
export interface OldFacts {
  /** The time when it was left. */
  readonly at: number;
  readonly digest: string;
  readonly keys: {
    /** It has signed, and is granted to `other`. */
    readonly used: OldKey;
    readonly gone: OldKey;
    /** One of its shards has moved to another chip, and one is about to. */
    readonly moved: OldKey;
  };
  /** A key generation that left a record on alice's chip. */
  readonly failed: {
    readonly sessionKey: string;
    readonly ciphertext: string;
    readonly recordId: string;
  };
  /** A key generation with alice's result, without bob's. */
  readonly half: {
    readonly sessionKey: string;
    readonly keyId: string;
    readonly secret: string;
    readonly ciphertext: string;
    readonly params: Received;
  };
  readonly replacements: {
    readonly finished: OldReplacement;
    readonly open: OldReplacement;
  };
  readonly chips: readonly {
    readonly username: string;
    readonly seId: string;
    readonly cpic: string;
    readonly publicKey: string;
    readonly file: string;
  }[];
  readonly files: Readonly<Record<string, string>>;
}

/** A replacement, with what was sealed for the new chip. */
interface OldReplacement {
  readonly id: string;
  readonly opener: string;
  readonly ciphertext: string;
}

/** The content of the store. */
export const OLD = JSON.parse(readFileSync(join(HERE, 'facts.json'), 'utf8')) as OldFacts;

/** Every ciphertext that the old version had written, by what became of it. */
export const CIPHERTEXTS = {
  /** Of current and staged shares: each stands once. */
  kept: [
    ...Object.values(OLD.keys.used.ciphertexts),
    OLD.keys.moved.ciphertexts['carol']!,
    OLD.keys.moved.ciphertexts['erin']!,
    OLD.replacements.finished.ciphertext,
    OLD.replacements.open.ciphertext,
    OLD.half.ciphertext,
  ],
  /** Of a destroyed key, of a chip that was replaced, of a key generation that failed. */
  gone: [
    ...Object.values(OLD.keys.gone.ciphertexts),
    OLD.keys.moved.ciphertexts['dave']!,
    OLD.failed.ciphertext,
  ],
};

/** Writes the store into a new directory; gives the directory and the database's file. */
export async function restore(): Promise<{ readonly directory: string; readonly file: string }> {
  const directory = temporaryDirectory();
  for (const [name, content] of Object.entries(OLD.files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true, mode: 0o700 });
    writeFileSync(join(directory, name), Buffer.from(content, 'base64'), { mode: 0o600 });
  }
  const file = join(directory, 'data', 'quorate.db');
  const connect = await loadDriver();
  const database = connect(file, { readOnly: false });
  database.exec('PRAGMA journal_mode = WAL');
  database.exec(readFileSync(join(HERE, 'store.sql'), 'utf8'));
  database.close();
  return { directory, file };
}

/** A server of this version over the store, with everybody's chips; dave has his new one. */
export async function openOldWorld(): Promise<World> {
  const { directory } = await restore();
  const people: Person[] = [];
  for (const { username, seId, cpic, publicKey, file } of OLD.chips) {
    if (seId === 'SE-dave' || seId === 'SE-erin-2') continue;
    const transport = await openVirtualChip({
      file: join(directory, file),
      passphrase: new TextEncoder().encode(username),
    });
    const chip = new ApduSecureElement(transport, { kind: 'virtual' });
    await chip.verifyPin(PIN);
    people.push({ username, seId, cpic, publicKey: fromHex(publicKey), chip });
  }
  return reopenWorld({ directory, clock: testClock(OLD.at), people });
}
