/** Messages of a session that are not rounds: their plaintext is JSON. */
import { utf8 } from '@quorate/intent';
import { parseJson, PEER_LIMITS, PeerSync, type PeerType } from '@quorate/wire';

/** A message of the session to the partner. */
export interface Mail {
  readonly type: PeerType;
  readonly round: number;
  readonly plaintext: Uint8Array;
  /** base64; empty where the connection or the certificate authenticates. */
  readonly signature: string;
}

/** Reads a value, or tells that it is of another form. */
interface Schema<T> {
  safeParse(
    value: unknown,
  ): { readonly success: true; readonly data: T } | { readonly success: false };
}

/** JSON as bytes. */
export function encodeMail(value: object): Uint8Array {
  return utf8(JSON.stringify(value));
}

/** JSON by a schema, or undefined. */
export function decodeMail<T>(schema: Schema<T>, plaintext: Uint8Array): T | undefined {
  const json = parseJson(plaintext, { size: PEER_LIMITS.data });
  const parsed = schema.safeParse(json.ok ? json.value : undefined);
  return parsed.success ? parsed.data : undefined;
}

/** An empty session_sync asks how a session stands. */
export function isQuestion(message: {
  readonly type: PeerType;
  readonly plaintext: Uint8Array;
}): boolean {
  if (message.type !== 'session_sync') return false;
  const sync = decodeMail(PeerSync, message.plaintext);
  return sync !== undefined && Object.keys(sync).length === 0;
}
