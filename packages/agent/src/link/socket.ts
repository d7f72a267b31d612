/**
 * The socket under a link, its first frame, and those who wait for the registration.
 *
 * Uses `ws` with compression off and a frame cap: a hostile coordinator must not be able to exhaust
 * the memory of a signer.
 */
import {
  type Feature,
  FEATURES_HEADER,
  featuresOf,
  type RegisterComplete,
  parseFrame,
  type ServerMessage,
  TIME_HEADER,
  timeOf,
} from '@quorate/wire';
import { WebSocket } from 'ws';
import type { LinkOptions } from './types.ts';
import type { LinkState } from './state.ts';

/** Close codes of docs/spec/wire.md §2 that a client treats in its own way. */
export const CLOSE = { refused: 4401, replaced: 4409, later: 1000 } as const;

const MAX_FRAME = 1024 * 1024;
const HANDSHAKE_MS = 10_000;
const CLOSING_MS = 2000;

/** A server's facts about itself, told before the connection is open. */
export interface Greeting {
  /** The messages that it takes beyond the first version of the protocol. */
  readonly features: ReadonlySet<Feature>;
  /** Its wall clock, milliseconds since 1970. */
  readonly time: number | undefined;
}

/** Begins a connection. */
export function openSocket(
  { url, ca }: LinkOptions,
  onGreeting: (greeting: Greeting) => void,
): WebSocket {
  const socket = new WebSocket(url, {
    perMessageDeflate: false,
    maxPayload: MAX_FRAME,
    handshakeTimeout: HANDSHAKE_MS,
    followRedirects: false,
    ...(ca === undefined ? {} : { ca }),
  });
  socket.on('upgrade', ({ headers }) => {
    const features = featuresOf(headers[FEATURES_HEADER]);
    onGreeting({ features, time: timeOf(headers[TIME_HEADER]) });
  });
  return socket;
}

/** Closes a connection, and cuts it when the other side does not answer. */
export async function closeSocket(socket: WebSocket): Promise<void> {
  if (socket.readyState === WebSocket.CLOSED) return;
  await new Promise<void>((resolve) => {
    const cut = setTimeout(() => socket.terminate(), CLOSING_MS);
    socket.once('close', () => {
      clearTimeout(cut);
      resolve();
    });
    socket.close(1000);
  });
}

/** The messages of a frame, or why it holds none. */
export function messagesOf(data: unknown, isBinary: boolean): readonly ServerMessage[] | string {
  if (isBinary) return 'binary frame';
  const frame = parseFrame(String(data), { from: 'server' });
  return frame.ok ? frame.messages : frame.error.code;
}

/** The close code of this side after a refusal; too many connections of its user mean a later try. */
export function closeCodeFor({ code }: RegisterComplete): number {
  return code === 'too_many_connections' ? CLOSE.later : CLOSE.refused;
}

/** The text of `register`; a name of the client goes only to a server that knows of several. */
export function registerFrame(
  options: LinkOptions,
  state: LinkState,
  token: string,
  features: ReadonlySet<Feature>,
): string {
  const { stream, seq } = state;
  const named = options.clientId !== undefined && features.has('client_id');
  return JSON.stringify({
    type: 'register',
    username: options.username,
    role: options.role,
    token,
    ...(named ? { client_id: options.clientId } : {}),
    last_seq: seq,
    ...(stream === null ? {} : { stream }),
    ...(options.batch ? { batch: true } : {}),
    ...(options.progress ? { progress: true } : {}),
  });
}

/** Starts over when the coordinator's database is another one; true unless it is the first. */
export function adoptStream(state: LinkState, stream: string): boolean {
  const { stream: former } = state;
  if (stream !== former) state.changeStream(stream);
  return former !== null && stream !== former;
}
