/**
 * The participant's local, encrypted record of each session, `<session_key>_<part_index>.json`
 * (docs/spec/wire.md §5). The name is computed here; a name that a server sends is only compared.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { framed } from '@quorate/intent';
import type { Kind } from '@quorate/wire';
import { z } from 'zod';
import { AgentError } from '../errors.ts';
import { makePrivateDirectory, readIfPresent, replaceFile } from '../files/files.ts';

const SESSION_KEY = /^[A-Za-z0-9._:-]{1,128}$/;
const LABEL = 'quorate/v1/agent/session-record';

/** How a session ended here. */
export type SessionEnd = 'completed' | 'failed' | 'unknown_outcome';

/** Where a session stands. */
export type SessionState = 'accepted' | 'running' | SessionEnd;

/** What an agent remembers of a session of any kind: nothing secret, yet nobody else's business. */
export interface CommonRecord {
  readonly session_key: string;
  readonly part_index: number;
  readonly state: SessionState;
  readonly intent_hash: string;
  readonly reason: string | null;
  /** The coordinator has said that the session is over: nothing needs to be told any more. */
  readonly settled: boolean;
  /** Until when this participant stands by its certificate; milliseconds since 1970. */
  readonly not_after?: number | undefined;
  /** milliseconds since 1970 */
  readonly updated_at: number;
}

/** What an agent remembers of a key generation. */
interface KeygenRecord extends CommonRecord {
  readonly kind: 'keygen';
  /** Null before there is a key. */
  readonly address: string | null;
}

/** What an agent remembers of a signature. */
interface SignRecord extends CommonRecord {
  readonly kind: 'sign';
  readonly address: string;
  readonly digest: string;
  /** Null as long as it is not known. */
  readonly signature: string | null;
}

/** What an agent remembers of a destruction; everything else stands in the key's record. */
interface DestroyRecord extends CommonRecord {
  readonly kind: 'destroy';
  readonly address: string;
}

type Records = {
  readonly keygen: KeygenRecord;
  readonly sign: SignRecord;
  readonly destroy: DestroyRecord;
};

/** What an agent remembers of a session of one kind. */
export type SessionRecordOf<K extends Kind> = Records[K];

/** What an agent remembers of a session. */
export type SessionRecord = Records[Kind];

const common = {
  session_key: z.string().regex(SESSION_KEY),
  part_index: z.int(),
  state: z.enum(['accepted', 'running', 'completed', 'failed', 'unknown_outcome']),
  intent_hash: z.string(),
  reason: z.string().nullable(),
  settled: z.boolean(),
  not_after: z.number().optional(),
  updated_at: z.number(),
};

const keygen = { ...common, kind: z.literal('keygen'), address: z.string().nullable() };
const digest = z.string();
const signature = z.string().nullable();
const key = { address: z.string() };

/** A new kind has a line here. */
const schemas: { readonly [K in Kind]: z.ZodType<Records[K]> } = {
  keygen: z.strictObject(keygen),
  sign: z.strictObject({ ...common, ...key, kind: z.literal('sign'), digest, signature }),
  destroy: z.strictObject({ ...common, ...key, kind: z.literal('destroy') }),
};

/** A key generation as it was recorded before each kind had fields of its own. */
const formerKeygen: z.ZodType<KeygenRecord> = z
  .strictObject({ ...keygen, digest: z.null(), signature: z.null() })
  .transform(({ digest: _digest, signature: _signature, ...record }) => record);

const sessionRecordSchema: z.ZodType<SessionRecord> = z.union([
  ...Object.values(schemas),
  formerKeygen,
]);

const sealedSchema = z.strictObject({
  format: z.literal('quorate-session/v1'),
  nonce: z.string(),
  sealed: z.string(),
});

/** The only file name that a session's record may have. */
export function sessionFileName(sessionKey: string, partIndex: number): string {
  if (!SESSION_KEY.test(sessionKey)) throw new AgentError('session/refused', 'bad session key');
  return `${sessionKey}_${partIndex}.json`;
}

/** The store of session records of one agent. */
export interface SessionRecords {
  write(record: SessionRecord): void;
  read(sessionKey: string, partIndex: number): SessionRecord | undefined;
}

/** Opens the folder of session records; `key` is 32 bytes. */
export function openSessionRecords(directory: string, key: Uint8Array): SessionRecords {
  makePrivateDirectory(directory);
  return {
    write: (record) => {
      const name = sessionFileName(record.session_key, record.part_index);
      replaceFile(join(directory, name), seal(record, name, key));
    },
    read: (sessionKey, partIndex) => {
      const name = sessionFileName(sessionKey, partIndex);
      const text = readIfPresent(join(directory, name))?.toString('utf8');
      return text === undefined ? undefined : open(text, name, key);
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
  return `${JSON.stringify({
    format: 'quorate-session/v1',
    nonce: nonce.toString('base64'),
    sealed: sealed.toString('base64'),
  })}\n`;
}

function open(text: string, name: string, key: Uint8Array): SessionRecord {
  try {
    const { nonce, sealed } = sealedSchema.parse(JSON.parse(text));
    const bytes = Buffer.from(sealed, 'base64');
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(nonce, 'base64'), {
      authTagLength: 16,
    });
    decipher.setAAD(framed(LABEL, Buffer.from(name)));
    decipher.setAuthTag(bytes.subarray(-16));
    const plain = Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]);
    return sessionRecordSchema.parse(JSON.parse(plain.toString('utf8')));
  } catch (error) {
    throw new AgentError('store/tampered', `session record ${name} cannot be opened`, error);
  }
}
