/**
 * A message as the outbox keeps it: the body of a round as bytes, everything else as JSON. A body is never put
 * into JSON again: it is text that needs no escape, and is taken over as it came.
 */

/** The parts of a message in the outbox. */
export interface Kept {
  /** JSON without the body. */
  readonly json: string;
  /** Canonical base64; absent unless the message is a round. */
  readonly body?: string;
}

/** Takes a message apart. A body whose base64 has another spelling than that of its bytes stays in the JSON. */
export function keptOf(message: object): Kept {
  if (!('body' in message) || !('type' in message) || message.type !== 'round') {
    return { json: JSON.stringify(message) };
  }
  const { body, ...rest } = message;
  if (typeof body !== 'string' || !hasOneSpelling(body)) return { json: JSON.stringify(message) };
  return { json: JSON.stringify(rest), body };
}

/** The bytes that a message has besides its JSON. */
export function bytesOf({ body }: Kept): Uint8Array | null {
  return body === undefined ? null : Buffer.from(body, 'base64');
}

/** The message with those bytes. */
export function keptWith(json: string, bytes: Uint8Array | null): Kept {
  if (bytes === null) return { json };
  const { buffer, byteOffset, byteLength } = bytes;
  return { json, body: Buffer.from(buffer, byteOffset, byteLength).toString('base64') };
}

/** The message as it is sent, with its number. `type` stays the first field of the object. */
export function textOf({ json, body }: Kept, seq: number): string {
  const rest = body === undefined ? '' : `,"body":"${body}"`;
  return `${json.slice(0, -1)}${rest},"seq":${seq}}`;
}

/** Only the last group can have bits that no byte takes; the wire's schema has judged the others. */
function hasOneSpelling(body: string): boolean {
  const last = body.slice(-4);
  return Buffer.from(last, 'base64').toString('base64') === last;
}
