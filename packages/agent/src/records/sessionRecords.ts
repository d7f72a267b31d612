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
import { keyIdSchema } from './keyRecord.ts';

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
  readonly key_id: string | null;
}

/** What an agent remembers of a signature. */
interface SignRecord extends CommonRecord {
  readonly kind: 'sign';
  readonly key_id: string;
  readonly digest: string;
  /** Null as long as it is not known. */
  readonly signature: string | null;
}

/** What an agent remembers of a destruction; everything else stands in the key's record. */
interface DestroyRecord extends CommonRecord {
  readonly kind: 'destroy';
  readonly key_id: string;
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

const digest = z.string();
const signature = z.string().nullable();
const key = { key_id: keyIdSchema };

/** A new kind has a line here. */
const schemas: { readonly [K in Kind]: z.ZodType<Records[K]> } = {
  keygen: z.strictObject({
    ...common,
    kind: z.literal('keygen'),
    key_id: keyIdSchema.nullable(),
  }),
  sign: z.strictObject({ ...common, ...key, kind: z.literal('sign'), digest, signature }),
  destroy: z.strictObject({ ...common, ...key, kind: z.literal('destroy') }),
};

const sessionRecordSchema: z.ZodType<SessionRecord> = z.union(Object.values(schemas));

/** A record of the former version: a session of any kind had all fields, and named its key by an address. */
const formerSchema = z.strictObject({
  ...common,
  kind: z.enum(['keygen', 'sign']),
  address: z.string().nullable(),
  digest: z.string().nullable(),
  signature,
});

/** The id of the key that an address leads to. */
export type KeyIdOf = (address: string) => string | undefined;

/** Undefined for a signature whose key is not here: nothing can be said of it any more. */
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

/** Opens the folder of session records; `key` is 32 bytes, `keyIdOf` resolves what the former version wrote. */
export function openSessionRecords(
  directory: string,
  key: Uint8Array,
  keyIdOf: KeyIdOf,
): SessionRecords {
  makePrivateDirectory(directory);
  return {
    write: (record) => {
      const name = sessionFileName(record.session_key, record.part_index);
      replaceFile(join(directory, name), seal(record, name, key));
    },
    read: (sessionKey, partIndex) => {
      const name = sessionFileName(sessionKey, partIndex);
      const text = readIfPresent(join(directory, name))?.toString('utf8');
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
  return `${JSON.stringify({
    format: 'quorate-session/v2',
    nonce: nonce.toString('base64'),
    sealed: sealed.toString('base64'),
  })}\n`;
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
    throw new AgentError('store/tampered', `session record ${name} cannot be opened`, error);
  }
}
