/**
 * From a text frame to messages: size, JSON, batch and schema, in that order. Never throws; a frame
 * is taken as a whole or refused as a whole.
 */
import type { z } from 'zod';
import type { ErrorCode } from './codes.ts';
import { SessionKey } from './fields.ts';
import { describeIssues } from './issues.ts';
import { LIMITS } from './limits.ts';
import { ClientMessage, ServerMessage } from './messages/index.ts';
import { describeJsonProblem, parseJson } from './strictJson.ts';
import { safeText } from './texts.ts';

/** Why a frame was refused, ready for `errorMessage`. */
export interface FrameError {
  readonly code: ErrorCode;
  /** Where and what was expected; never the value that came. */
  readonly details: string;
  /** The session that the refused message names, if it names one. */
  readonly sessionKey?: string;
  /** The number that the client gave the refused message, if it gave one. */
  readonly cseq?: number;
}

/** The messages of a frame, or why there are none. */
export type ParsedFrame<M> =
  | { readonly ok: true; readonly messages: readonly M[]; readonly batch: boolean }
  | { readonly ok: false; readonly error: FrameError };

/** Who sent the frame, and so which messages it may hold. */
export interface FrameOptions {
  readonly from: 'client' | 'server';
}

/** Parses a frame that a client sent. */
export function parseFrame(text: string, options: { from: 'client' }): ParsedFrame<ClientMessage>;
/** Parses a frame that the server sent. */
export function parseFrame(text: string, options: { from: 'server' }): ParsedFrame<ServerMessage>;
export function parseFrame(
  text: string,
  options: FrameOptions,
): ParsedFrame<ClientMessage> | ParsedFrame<ServerMessage> {
  return options.from === 'client'
    ? parseAs<ClientMessage>(text, ClientMessage, CLIENT_TYPES)
    : parseAs<ServerMessage>(text, ServerMessage, SERVER_TYPES);
}

const typesOf = (union: z.ZodDiscriminatedUnion): ReadonlySet<unknown> =>
  union._zod.propValues['type'] ?? new Set();

const CLIENT_TYPES = typesOf(ClientMessage);
const SERVER_TYPES = typesOf(ServerMessage);

function parseAs<M>(
  text: string,
  schema: z.ZodType<M>,
  types: ReadonlySet<unknown>,
): ParsedFrame<M> {
  if (isOversized(text)) return refuse('frame_too_large', `expected at most ${LIMITS.frame} bytes`);
  const json = parseJson(text);
  if (!json.ok) return refuse('invalid_message', describeJsonProblem(json));
  const { value } = json;
  if (!Array.isArray(value)) {
    const one = parseMessage(value, schema, types, '');
    return one.ok ? { ok: true, messages: [one.message], batch: false } : one;
  }
  if (value.length === 0 || value.length > LIMITS.batch) {
    return refuse('batch_too_large', `expected 1 to ${LIMITS.batch} messages, got ${value.length}`);
  }
  const messages: M[] = [];
  for (const [index, item] of value.entries()) {
    const one = parseMessage(item, schema, types, `message ${index + 1}: `);
    if (!one.ok) return one;
    messages.push(one.message);
  }
  return { ok: true, messages, batch: true };
}

type ParsedMessage<M> = { ok: true; message: M } | { ok: false; error: FrameError };

function parseMessage<M>(
  value: unknown,
  schema: z.ZodType<M>,
  types: ReadonlySet<unknown>,
  where: string,
): ParsedMessage<M> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refuse('invalid_message', `${where}expected an object`);
  }
  const type: unknown = 'type' in value ? value.type : undefined;
  if (!types.has(type)) return refuse('unknown_type', `${where}type`, value);
  const parsed = schema.safeParse(value);
  if (parsed.success) return { ok: true, message: parsed.data };
  return refuse(
    'invalid_message',
    `${where}${String(type)}: ${describeIssues(parsed.error)}`,
    value,
  );
}

function refuse(
  code: ErrorCode,
  details: string,
  value: object = {},
): { ok: false; error: FrameError } {
  const sessionKey = SessionKey.safeParse('session_key' in value ? value.session_key : undefined);
  const cseq: unknown = 'cseq' in value ? value.cseq : undefined;
  return {
    ok: false,
    error: {
      code,
      details: safeText(details, LIMITS.text),
      ...(sessionKey.success ? { sessionKey: sessionKey.data } : {}),
      ...(typeof cseq === 'number' && Number.isSafeInteger(cseq) && cseq > 0 ? { cseq } : {}),
    },
  };
}

function isOversized(text: string): boolean {
  if (text.length > LIMITS.frame) return true;
  if (text.length * 3 <= LIMITS.frame) return false;
  let bytes = text.length;
  for (let i = 0; i < text.length && bytes <= LIMITS.frame; i += 1) {
    const c = text.charCodeAt(i);
    if (c > 0x7ff && (c < 0xd800 || c > 0xdfff)) bytes += 2;
    else if (c > 0x7f) bytes += 1; // each half of a pair: 4 bytes for 2 units
  }
  return bytes > LIMITS.frame;
}
