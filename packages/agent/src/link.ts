/**
 * A client's connection to the coordinator (contract.md §1.1, §1.2): registers, reconnects, numbers
 * what it sends until it is acknowledged, drops what it has seen, and acknowledges what it processed.
 *
 * Uses `ws` with compression off and a frame cap: a hostile coordinator must not be able to exhaust
 * the memory of a signer (attacks.md R-8).
 */
import type { ServerMessage } from '@quorate/wire';
import { parseFrame } from '@quorate/wire';
import { WebSocket } from 'ws';
import { type Backoff, createBackoff } from './backoff.ts';
import { messageOf } from './errors.ts';
import { checkUrl, ended, type Link, type LinkOptions, type LinkStatus } from './linkTypes.ts';
import { type Logger, silentLogger } from './logger.ts';
import { createOutbox, type Outbox, type Outgoing } from './outbox.ts';
import { type LinkState, openLinkState } from './state/linkState.ts';
import { expiryOf } from './token.ts';

/** Close codes of contract.md §1.1 that a client treats in its own way. */
const CLOSE_REFUSED = 4401;
const CLOSE_REPLACED = 4409;

const MAX_FRAME = 1024 * 1024;
const HANDSHAKE_MS = 10_000;
const SILENCE_MS = 75_000;
const ACK_DELAY_MS = 20;
const RENEW_BEFORE_MS = 60_000;

/** Makes a link; nothing happens before `start`. @throws AgentError `link/refused` for a plain `ws://` to another host */
export function createLink(options: LinkOptions): Link {
  checkUrl(options.url, options.allowInsecure ?? false);
  return new WebSocketLink(options);
}

class WebSocketLink implements Link {
  status: LinkStatus = 'closed';
  dropped = 0;
  readonly #options: LinkOptions;
  readonly #logger: Logger;
  readonly #state: LinkState;
  readonly #backoff: Backoff;
  readonly #outbox: Outbox;
  #socket: WebSocket | undefined;
  #retry: NodeJS.Timeout | undefined;
  #silence: NodeJS.Timeout | undefined;
  #renewal: NodeJS.Timeout | undefined;
  #ackTimer: NodeJS.Timeout | undefined;
  #flushing = false;
  #waiters: { resolve: () => void; reject: (error: Error) => void }[] = [];

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
    this.#state = options.state ?? openLinkState();
    this.#backoff = options.backoff ?? createBackoff();
    this.#outbox = createOutbox(options.batch ?? false);
  }

  start(): void {
    if (this.status === 'closed') this.#connect();
  }

  send(message: Outgoing): void {
    this.#outbox.add(message);
    this.#scheduleFlush();
  }

  forget(sessionKey: string): void {
    this.#outbox.forget(sessionKey);
  }

  registered(): Promise<void> {
    if (this.status === 'registered') return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      const error = ended(this.status);
      if (error) this.#settle(error);
    });
  }

  async close(): Promise<void> {
    this.#setStatus('closed', 'closed by this side');
    this.#stopTimers();
    this.#state.save();
    const socket = this.#socket;
    this.#socket = undefined;
    if (!socket || socket.readyState === WebSocket.CLOSED) return;
    await new Promise<void>((resolve) => {
      const cut = setTimeout(() => socket.terminate(), 2000);
      socket.once('close', () => {
        clearTimeout(cut);
        resolve();
      });
      socket.close(1000);
    });
  }

  #connect(): void {
    this.#setStatus('connecting', this.#options.url);
    const socket = new WebSocket(this.#options.url, {
      perMessageDeflate: false,
      maxPayload: MAX_FRAME,
      handshakeTimeout: HANDSHAKE_MS,
      followRedirects: false,
      ...(this.#options.ca === undefined ? {} : { ca: this.#options.ca }),
    });
    this.#socket = socket;
    socket.on('open', () => void this.#register(socket));
    socket.on('ping', () => this.#watchSilence(socket));
    socket.on('error', (error) => this.#logger.debug({ error: error.message }, 'link error'));
    socket.on('message', (data, isBinary) => this.#onFrame(socket, data, isBinary));
    socket.on('close', (code, reason) => this.#onClose(socket, code, reason.toString('utf8')));
    this.#watchSilence(socket);
  }

  async #register(socket: WebSocket): Promise<void> {
    try {
      const token = await this.#options.token();
      if (socket !== this.#socket || socket.readyState !== WebSocket.OPEN) return;
      const { stream } = this.#state;
      socket.send(
        JSON.stringify({
          type: 'register',
          username: this.#options.username,
          role: this.#options.role,
          token,
          last_seq: this.#state.seq,
          ...(stream === null ? {} : { stream }),
          ...(this.#options.batch ? { batch: true } : {}),
          ...(this.#options.progress ? { progress: true } : {}),
        }),
      );
      this.#scheduleRenewal(socket, token);
    } catch (error) {
      this.#logger.warn({ error: messageOf(error) }, 'no token for the registration');
      socket.close(1000);
    }
  }

  /** A fresh token on the open socket keeps it open past the old one's expiry. */
  #scheduleRenewal(socket: WebSocket, token: string): void {
    clearTimeout(this.#renewal);
    const expiry = expiryOf(token);
    if (expiry === undefined) return;
    const left = expiry - Date.now();
    const delay = left > 2 * RENEW_BEFORE_MS ? left - RENEW_BEFORE_MS : left / 2;
    this.#renewal = setTimeout(
      () => void this.#register(socket),
      Math.min(Math.max(delay, 1000), 2 ** 31 - 1),
    );
    this.#renewal.unref();
  }

  #onFrame(socket: WebSocket, data: unknown, isBinary: boolean): void {
    if (socket !== this.#socket) return;
    this.#watchSilence(socket);
    const frame = isBinary ? undefined : parseFrame(String(data), { from: 'server' });
    if (!frame?.ok) {
      this.dropped += 1;
      this.#logger.warn(
        { reason: frame ? frame.error.code : 'binary frame' },
        'dropped a frame that is no message',
      );
      return;
    }
    for (const message of frame.messages) this.#onMessage(socket, message);
  }

  #onMessage(socket: WebSocket, message: ServerMessage): void {
    if (message.type === 'register_complete') return this.#onRegistered(socket, message);
    if (message.type === 'ack') {
      this.#outbox.acknowledged(message.cseq);
      return;
    }
    if (message.type === 'error' && message.cseq !== undefined) this.#outbox.refused(message.cseq);
    if (message.seq !== undefined && message.seq <= this.#state.seq) {
      this.dropped += 1;
      return;
    }
    try {
      this.#options.onMessage(message);
    } catch (error) {
      this.#logger.error({ type: message.type, error: messageOf(error) }, 'message not processed');
    }
    if (message.seq === undefined) return;
    this.#state.processed(message.seq);
    this.#ackTimer ??= setTimeout(() => this.#acknowledge(), ACK_DELAY_MS);
  }

  #acknowledge(): void {
    this.#ackTimer = undefined;
    this.#state.save();
    if (this.status !== 'registered') return;
    this.#socket?.send(JSON.stringify({ type: 'ack', seq: this.#state.seq }));
  }

  #onRegistered(
    socket: WebSocket,
    message: Extract<ServerMessage, { type: 'register_complete' }>,
  ): void {
    if (!message.success) {
      this.#logger.warn({}, 'registration refused');
      return socket.close(CLOSE_REFUSED);
    }
    if (message.stream !== undefined && message.stream !== this.#state.stream) {
      if (this.#state.stream !== null) {
        this.#logger.warn({}, 'the coordinator has another database; starting its stream anew');
      }
      this.#state.changeStream(message.stream);
    }
    if (message.last_cseq !== undefined) {
      this.#outbox.acknowledged(message.last_cseq);
      this.#state.skipCseq(message.last_cseq);
    }
    this.#backoff.reset();
    // A renewal on the open socket has lost nothing.
    if (this.status !== 'registered') this.#outbox.rewind();
    this.#setStatus('registered', `${message.resumed ?? 0} messages to catch up`);
    this.#settle();
    this.#scheduleFlush();
  }

  /** Gathers what one turn of the event loop sends, so that it shares frames. */
  #scheduleFlush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => {
      this.#flushing = false;
      if (this.status !== 'registered') return;
      const frames = this.#outbox.takeFrames(() => this.#state.nextCseq());
      for (const frame of frames) this.#socket?.send(frame);
    });
  }

  #onClose(socket: WebSocket, code: number, reason: string): void {
    if (socket !== this.#socket) return;
    this.#socket = undefined;
    this.#stopTimers();
    if (this.status === 'closed') return;
    if (code === CLOSE_REPLACED) return this.#end('replaced', 'another process registered as us');
    if (code === CLOSE_REFUSED) return this.#end('refused', reason || 'registration refused');
    const delay = this.#backoff.next();
    this.#setStatus('waiting', `code ${code}, again in ${delay} ms`);
    this.#retry = setTimeout(() => this.#connect(), delay);
  }

  #end(status: 'refused' | 'replaced', detail: string): void {
    this.#setStatus(status, detail);
    this.#state.save();
    this.#settle(ended(status));
  }

  #watchSilence(socket: WebSocket): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => socket.terminate(), SILENCE_MS);
    this.#silence.unref();
  }

  #setStatus(status: LinkStatus, detail: string): void {
    if (this.status === status) return;
    this.status = status;
    this.#logger.info({ status, detail }, 'link');
    this.#options.onStatus?.(status, detail);
    if (status === 'closed') this.#settle(ended(status));
  }

  #settle(error?: Error): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) {
      if (error) waiter.reject(error);
      else waiter.resolve();
    }
  }

  #stopTimers(): void {
    for (const timer of [this.#retry, this.#silence, this.#renewal, this.#ackTimer]) {
      clearTimeout(timer);
    }
    this.#ackTimer = undefined;
  }
}
