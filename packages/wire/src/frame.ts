/**
 * Parses a text frame into messages: size, JSON, batch and schema, in that order. Never throws; a frame is
 * accepted or refused as a whole.
 */
import type { z } from 'zod';
import type { ErrorCode, Language } from './codes.ts';
import { inLanguage, type Said } from './expectations.ts';
import { SessionKey } from './fields.ts';
import { describeIssues } from './issues.ts';
import { LIMITS } from './limits.ts';
import { ClientMessage, ServerMessage } from './messages/index.ts';
import { describeJsonProblem, parseJson } from './strictJson.ts';
import { safeText } from './texts.ts';

/** Why a frame was refused, in the form that `errorMessage` takes. */
export interface FrameError {
  readonly code: ErrorCode;
  /** The place and the expectation; never the received value. */
  readonly details: string;
  /** The session named in the refused message, if any. */
  readonly sessionKey?: string;
  /** The number that the client gave the refused message, if any. */
  readonly cseq?: number;
}

/** The messages of a frame, or why it is refused. */
export type ParsedFrame<M> =
  | { readonly ok: true; readonly messages: readonly M[]; readonly batch: boolean }
  | { readonly ok: false; readonly error: FrameError };

/** The sender of the frame, which decides the messages it may hold. */
export interface FrameOptions {
  readonly from: 'client' | 'server';
  /** Of `details`; English unless given. */
  readonly language?: Language;
}

/** Parses a frame from a client. */
export function parseFrame(
  text: string,
  options: FrameOptions & { from: 'client' },
): ParsedFrame<ClientMessage>;
/** Parses a frame from the server. */
export function parseFrame(
  text: string,
  options: FrameOptions & { from: 'server' },
): ParsedFrame<ServerMessage>;
export function parseFrame(
  text: string,
  options: FrameOptions,
): ParsedFrame<ClientMessage> | ParsedFrame<ServerMessage> {
  const { from, language = 'en' } = options;
  return from === 'client'
    ? parseAs<ClientMessage>(text, { schema: ClientMessage, types: CLIENT_TYPES, language })
    : parseAs<ServerMessage>(text, { schema: ServerMessage, types: SERVER_TYPES, language });
}

const typesOf = (union: z.ZodDiscriminatedUnion): ReadonlySet<unknown> =>
  union._zod.propValues['type'] ?? new Set();

const CLIENT_TYPES = typesOf(ClientMessage);
const SERVER_TYPES = typesOf(ServerMessage);

/** The messages of one direction, and the language of refusals. */
interface Direction<M> {
  readonly schema: z.ZodType<M>;
  readonly types: ReadonlySet<unknown>;
  readonly language: Language;
}

function parseAs<M>(text: string, direction: Direction<M>): ParsedFrame<M> {
  const { language } = direction;
  const size = bytesIn(text);
  if (size > LIMITS.frame) return refuse('frame_too_large', inLanguage(frameSize(size), language));
  const json = parseJson(text);
  if (!json.ok) return refuse('invalid_message', describeJsonProblem(json, language));
  const { value } = json;
  if (!Array.isArray(value)) {
    const one = parseMessage(value, direction, '');
    return one.ok ? { ok: true, messages: [one.message], batch: false } : one;
  }
  if (value.length === 0 || value.length > LIMITS.batch) {
    return refuse('batch_too_large', inLanguage(batchSize(value.length), language));
  }
  const messages: M[] = [];
  for (const [index, item] of value.entries()) {
    const where = inLanguage(whichMessage(index + 1), language);
    const one = parseMessage(item, direction, where);
    if (!one.ok) return one;
    messages.push(one.message);
  }
  return { ok: true, messages, batch: true };
}

const SAID = {
  object: { en: 'expected an object', zhCN: '应为对象' },
} as const satisfies Record<string, Said>;

const frameSize = (got: number): Said => ({
  en: `expected at most ${LIMITS.frame} bytes, got ${got}`,
  zhCN: `不得超过 ${LIMITS.frame} 字节，实际为 ${got}`,
});

const batchSize = (got: number): Said => ({
  en: `expected 1 to ${LIMITS.batch} messages, got ${got}`,
  zhCN: `应为 1 至 ${LIMITS.batch} 条消息，实际为 ${got} 条`,
});

const whichMessage = (number: number): Said => ({
  en: `message ${number}: `,
  zhCN: `第 ${number} 条消息：`,
});

type ParsedMessage<M> = { ok: true; message: M } | { ok: false; error: FrameError };

function parseMessage<M>(
  value: unknown,
  { schema, types, language }: Direction<M>,
  where: string,
): ParsedMessage<M> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refuse('invalid_message', `${where}${inLanguage(SAID.object, language)}`);
  }
  const type: unknown = 'type' in value ? value.type : undefined;
  if (!types.has(type)) return refuse('unknown_type', `${where}type`, value);
  const parsed = schema.safeParse(value);
  if (parsed.success) return { ok: true, message: parsed.data };
  return refuse(
    'invalid_message',
    `${where}${String(type)}: ${describeIssues(parsed.error, language)}`,
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

/** Bytes of a text in UTF-8. */
function bytesIn(text: string): number {
  let bytes = text.length;
  if (bytes * 3 <= LIMITS.frame) return bytes;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff)) bytes += 2;
    else if (unit > 0x7f) bytes += 1; // each half of a pair: 4 bytes for 2 units
  }
  return bytes;
}
