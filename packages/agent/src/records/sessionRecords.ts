/**
 * The participant's local, encrypted record of each session, under the name `<session_key>_<part_index>.json`
 * (docs/spec/wire.md §5). This agent computes the name, and only compares the one that a server sends.
 */
import { HolderError } from '@quorate/holder';
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { framed } from '@quorate/intent';
import type { Kind } from '@quorate/wire';
import { z } from 'zod';
import { AgentError } from '../errors.ts';
import { RECORDS } from '../ceremonies/records.ts';
import { commonRecord, SESSION_KEY } from './commonRecord.ts';
import type { AgentEntry } from './journalEntries.ts';
import type { AgentJournal } from './journalState.ts';

const LABEL = 'quorate/v1/agent/session-record';

type Records = { readonly [K in Kind]: z.output<(typeof RECORDS)[K]> };

/** The record of a session of one kind. */
export type SessionRecordOf<K extends Kind> = Records[K];

/** The record of a session of any kind. */
export type SessionRecord = Records[Kind];

const sessionRecordSchema: z.ZodType<SessionRecord> = z.union(Object.values(RECORDS));

/** A record of the former version: a session of any kind had all fields, and an address named its key. */
const formerSchema = z.strictObject({
  ...commonRecord,
  kind: z.enum(['keygen', 'sign']),
  address: z.string().nullable(),
  digest: z.string().nullable(),
  signature: z.string().nullable(),
});

/** The id of the key that an address leads to. */
export type KeyIdOf = (address: string) => string | undefined;

/** Reads a record of the former version; undefined for a signature whose key is not here. */
function upgrade(
  former: z.output<typeof formerSchema>,
  keyIdOf: KeyIdOf,
): SessionRecord | undefined {
  const { address, digest: signed, signature: made, kind, ...rest } = former;
  const key_id = address === null ? undefined : keyIdOf(address);
  if (kind === 'keygen') return { ...rest, kind, key_id: key_id ?? null };
  if (key_id === undefined || signed === null) return undefined;
  return { ...rest, kind, key_id, digest: signed, signature: made };
}

const sealedSchema = z.strictObject({
  format: z.enum(['quorate-session/v1', 'quorate-session/v2']),
  nonce: z.string(),
  sealed: z.string(),
});

/** The only name that a session's record may have. */
export function sessionFileName(sessionKey: string, partIndex: number): string {
  if (!SESSION_KEY.test(sessionKey)) throw new AgentError('session/refused', 'bad session key');
  return `${sessionKey}_${partIndex}.json`;
}

/** The store of session records of one agent. */
export interface SessionRecords {
  /**
   * Uses a session key, and writes the first record of its session: both on disk when it resolves. False when the key
   * was used before; from the call on nobody else can use it.
   */
  begin(record: SessionRecord): Promise<boolean>;
  /** On disk when it resolves. */
  write(record: SessionRecord): Promise<void>;
  /** On disk with the next change of anything; returns the way to wait for that. */
  note(record: SessionRecord): () => Promise<void>;
  read(sessionKey: string, partIndex: number): SessionRecord | undefined;
}

/** Opens the session records of a journal; `key` is 32 bytes, `keyIdOf` resolves the addresses of the former version. */
export function openSessionRecords(
  { journal, state }: AgentJournal,
  key: Uint8Array,
  keyIdOf: KeyIdOf,
): SessionRecords {
  const sealed = (record: SessionRecord): AgentEntry => {
    const name = sessionFileName(record.session_key, record.part_index);
    const over = record.state !== 'accepted' && record.state !== 'running';
    return { type: 'session', name, sealed: seal(record, name, key), over };
  };
  return {
    begin: async (record) => {
      const { session_key, part_index } = record;
      if (state.usedAs(session_key) !== undefined) return false;
      const used: AgentEntry = { type: 'used', keys: [[session_key, part_index]] };
      await journal.append(used, sealed(record));
      return true;
    },
    write: async (record) => journal.append(sealed(record)),
    note: (record) => journal.note(sealed(record)),
    read: (sessionKey, partIndex) => {
      const name = sessionFileName(sessionKey, partIndex);
      const text = state.session(name);
      return text === undefined ? undefined : open(text, { name, key, keyIdOf });
    },
  };
}

function seal(record: SessionRecord, name: string, key: Uint8Array): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(framed(LABEL, Buffer.from(name)));
  const sealed = Buffer.concat([
    cipher.update(JSON.stringify(record), 'utf8'),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
  return JSON.stringify({
    format: 'quorate-session/v2',
    nonce: nonce.toString('base64'),
    sealed: sealed.toString('base64'),
  });
}

function open(
  text: string,
  { name, key, keyIdOf }: { name: string; key: Uint8Array; keyIdOf: KeyIdOf },
): SessionRecord | undefined {
  try {
    const { format, nonce, sealed } = sealedSchema.parse(JSON.parse(text));
    const bytes = Buffer.from(sealed, 'base64');
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(nonce, 'base64'), {
      authTagLength: 16,
    });
    decipher.setAAD(framed(LABEL, Buffer.from(name)));
    decipher.setAuthTag(bytes.subarray(-16));
    const plain = Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]);
    const content: unknown = JSON.parse(plain.toString('utf8'));
    const isFormer = format === 'quorate-session/v1';
    if (isFormer) return upgrade(formerSchema.parse(content), keyIdOf);
    return sessionRecordSchema.parse(content);
  } catch (error) {
    throw new HolderError('store/tampered', `session record ${name} cannot be opened`, error);
  }
}
