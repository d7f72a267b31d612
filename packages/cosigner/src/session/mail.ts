/** Messages of a session that are not rounds: their plaintext is JSON. */
import { z } from 'zod';
import { parsedJson } from '../json.ts';
import type { PeerMessage } from '../peer/connection.ts';

/** JSON as bytes. */
export function encodeMail(value: object): Uint8Array {
  return Buffer.from(JSON.stringify(value), 'utf8');
}

/** JSON by a schema, or undefined. */
export function decodeMail<T>(schema: z.ZodType<T>, plaintext: Uint8Array): T | undefined {
  const parsed = schema.safeParse(parsedJson(plaintext));
  return parsed.success ? parsed.data : undefined;
}

/** An empty session_sync asks how a session stands. */
export function isQuestion({ type, plaintext }: PeerMessage): boolean {
  return type === 'session_sync' && decodeMail(NOTHING, plaintext) !== undefined;
}

const NOTHING = z.strictObject({});
