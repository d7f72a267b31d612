/**
 * The server's own keys. Every start compares each with the public key that the database stored when the key
 * was made. Only an unused database lets a key be made silently.
 */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { toHex } from '@quorate/intent';
import { ADOPTED, type AuditEvent, type AuditLog, rawKeyOf } from '../audit/index.ts';
import type { Database, Tx } from '../store/database.ts';
import { createKeyFile, KeyFileError, type KeyKind, loadKey } from './keyFile.ts';

/** The keys that a coordinator makes for itself, in the operator's terms. */
export type ServerKeyName = 'authorisation' | 'audit' | 'token';

/** The files of the keys. */
export interface ServerKeyFiles {
  readonly authorisation: string;
  readonly audit: string;
  /** Absent if a shared secret signs tokens: that belongs to the operator and is not compared. */
  readonly token?: { readonly file: string; readonly kind: KeyKind };
}

/** The opened keys. */
export interface ServerKeys {
  /** P-256: every chip obeys it. */
  readonly authorisation: KeyObject;
  /** Ed25519: signs checkpoints of the audit log. */
  readonly audit: KeyObject;
  readonly token?: KeyObject;
}

interface KeyFile {
  readonly name: ServerKeyName;
  readonly file: string;
  readonly kind: KeyKind;
}

/** Options of {@link openServerKeys}. */
export interface ServerKeysOptions {
  readonly database: Database;
  /** Keys whose change the operator ordered for this start. */
  readonly adopt: readonly ServerKeyName[];
}

/** Opened keys, and the facts about them that the database does not have yet. */
export interface OpenedKeys {
  readonly keys: ServerKeys;
  /** The previous audit key, if this start adopted another one; 64 hex digits. */
  readonly formerAudit?: string;
  /** Stores the keys that were made, found or adopted, with their audit entries. */
  note(append: AuditLog['append'], at: number): Promise<void>;
}

interface Noted {
  readonly name: string;
  readonly public_key: string;
}

interface Known {
  readonly noted: ReadonlyMap<string, string>;
  /** The database has been used, so its keys were made before. */
  readonly isUsed: boolean;
}

/** An opened key, and the facts to write about it. */
interface Opened {
  readonly name: ServerKeyName;
  readonly key: KeyObject;
  readonly event?: Pick<AuditEvent, 'action' | 'details'>;
}

/**
 * Opens the keys, and makes those of a new database.
 *
 * @throws KeyFileError when a key is missing or differs from the one that the database knows
 */
export async function openServerKeys(
  files: ServerKeyFiles,
  options: ServerKeysOptions,
): Promise<OpenedKeys> {
  const { database, adopt } = options;
  if (adopt.includes('token') && files.token === undefined) {
    throw new KeyFileError('a shared secret signs the tokens: there is no token key to adopt');
  }
  const known = await database.read(readKnown);
  const open = (name: ServerKeyName, file: string, kind: KeyKind): Opened => {
    const one = { name, file, kind };
    return adopt.includes(name) ? adoptKey(one, known) : openKey(one, known);
  };
  const authorisation = open('authorisation', files.authorisation, 'p256');
  const audit = open('audit', files.audit, 'ed25519');
  const token = files.token && open('token', files.token.file, files.token.kind);
  const changed = [authorisation, audit, ...(token === undefined ? [] : [token])].filter(
    ({ event }) => event !== undefined,
  );
  const former = audit.event?.details['former_public_key'];
  return {
    keys: {
      authorisation: authorisation.key,
      audit: audit.key,
      ...(token === undefined ? {} : { token: token.key }),
    },
    ...(typeof former === 'string' ? { formerAudit: rawKeyOf(former) } : {}),
    note: async (append, at) => {
      if (changed.length === 0) return;
      // Stored together: a first start that is cut off before this has stored nothing, and finds its files
      // again.
      await database.transaction(async (tx) => {
        for (const one of changed) await note(tx, one, { append, at });
      });
    },
  };
}

async function readKnown(tx: Tx): Promise<Known> {
  const rows = await tx.all<Noted>('SELECT name, public_key FROM server_keys', []);
  const first = await tx.get('SELECT seq FROM audit_entries LIMIT 1', []);
  return {
    noted: new Map(rows.map((row) => [row.name, row.public_key])),
    isUsed: first !== undefined,
  };
}

function openKey({ name, file, kind }: KeyFile, { noted, isUsed }: Known): Opened {
  const key = loadKey(file, kind);
  const expected = noted.get(name);
  if (key !== undefined) {
    const found = spkiOf(key);
    if (found === expected) return { name, key };
    if (expected !== undefined) throw differs(name, file, { found, expected });
    return { name, key, event: { action: 'key.note', details: detailsOf(key) } };
  }
  if (expected !== undefined || isUsed) throw isMissing(name, file, expected);
  const made = createKeyFile(file, kind);
  return { name, key: made, event: { action: 'key.make', details: detailsOf(made) } };
}

function adoptKey({ name, file, kind }: KeyFile, { noted, isUsed }: Known): Opened {
  const found = loadKey(file, kind);
  const former = noted.get(name);
  const isChange = found === undefined ? former !== undefined || isUsed : former !== undefined;
  if (!isChange || (found !== undefined && spkiOf(found) === former)) {
    throw new KeyFileError(
      `there is no other ${name} key to adopt: start without --adopt-key ${name}`,
    );
  }
  const key = found ?? createKeyFile(file, kind);
  const before = former === undefined ? {} : formerDetails(former);
  return { name, key, event: { action: ADOPTED, details: { ...detailsOf(key), ...before } } };
}

async function note(
  tx: Tx,
  { name, key, event }: Opened,
  { at, append }: { readonly at: number; readonly append: AuditLog['append'] },
): Promise<void> {
  if (event === undefined) return;
  await tx.run('DELETE FROM server_keys WHERE name = ?', [name]);
  await tx.run('INSERT INTO server_keys (name, public_key, noted_at) VALUES (?, ?, ?)', [
    name,
    spkiOf(key),
    at,
  ]);
  await append(tx, { at, actor: 'system', subject: name, outcome: 'ok', ...event });
}

const detailsOf = (key: KeyObject): AuditEvent['details'] => ({
  fingerprint: fingerprintOf(spkiOf(key)),
  public_key: spkiOf(key),
});

const formerDetails = (former: string): AuditEvent['details'] => ({
  former_fingerprint: fingerprintOf(former),
  former_public_key: former,
});

/** SubjectPublicKeyInfo in hex. */
function spkiOf(key: KeyObject): string {
  return toHex(new Uint8Array(createPublicKey(key).export({ type: 'spki', format: 'der' })));
}

/** SHA-256 of a SubjectPublicKeyInfo, in hex. */
function fingerprintOf(spki: string): string {
  return createHash('sha256').update(Buffer.from(spki, 'hex')).digest('hex');
}

function differs(
  name: ServerKeyName,
  file: string,
  { found, expected }: { readonly found: string; readonly expected: string },
): KeyFileError {
  return new KeyFileError(
    `${file} holds a key with fingerprint ${fingerprintOf(found)}, the database knows the ${name} key ${fingerprintOf(expected)}: put that file back, or order the change with --adopt-key ${name}`,
  );
}

function isMissing(name: ServerKeyName, file: string, expected: string | undefined): KeyFileError {
  const which = expected === undefined ? '' : ` with fingerprint ${fingerprintOf(expected)}`;
  return new KeyFileError(
    `${file} is missing, and the database was used with another ${name} key${which}: restore the file from a backup, or order a new key with --adopt-key ${name}`,
  );
}
