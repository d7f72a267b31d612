/**
 * A client's connection to the coordinator (docs/spec/wire.md §2, §3): registers, reconnects, numbers
 * its messages and repeats them until they are acknowledged, ignores messages that it has seen, and acknowledges
 * those that it has processed.
 */
import {
  type Backoff,
  createBackoff,
  type HolderError,
  isStoreError,
  type Logger,
  messageOf,
  silentLogger,
} from '@quorate/holder';
import {
  type Feature,
  type RegisterComplete,
  type ServerMessage,
  systemReason,
} from '@quorate/wire';
import { WebSocket } from 'ws';
import { ClockSkew } from './clockSkew.ts';
import { oncePerTurn } from './oncePerTurn.ts';
import { createRetries, type Retries } from './retries.ts';
import { Standing } from './standing.ts';
import { LinkTimers } from './timers.ts';
import {
  adoptStream,
  CLOSE,
  closeCodeFor,
  closeSocket,
  messagesOf,
  openSocket,
  registerFrame,
} from './socket.ts';
import {
  checkUrl,
  comesAgain,
  isFinal,
  type Link,
  type LinkOptions,
  type LinkStatus,
} from './types.ts';
import { createOutbox, type Outbox, type Outgoing } from './outbox.ts';
import { type LinkState, openLinkState, saveAtEnd } from './state.ts';
import { renewalDelay } from './token.ts';

const SILENCE_MS = 75_000;
/** Messages are gathered for one acknowledgement: it flushes the disk three times, unless the state is in memory. */
const ACK_DELAY_MS = { disk: 1000, memory: 100 };

/** Makes a link; nothing happens before `start`. @throws AgentError `link/refused` for a plain `ws://` to another host */
export function createLink(options: LinkOptions): Link {
  checkUrl(options.url, options.allowInsecure ?? false);
  return new WebSocketLink(options);
}

class WebSocketLink implements Link {
  ignored = 0;
  readonly knows = (feature: Feature): boolean => this.#features.has(feature);
  readonly #options: LinkOptions;
  readonly #logger: Logger;
  readonly #state: LinkState;
  readonly #backoff: Backoff;
  readonly #outbox: Outbox;
  readonly #retries: Retries;
  readonly #skew: ClockSkew;
  /** The reason of the refusal that closes this connection. */
  #refusal = '';
  #trouble = '';
  #socket: WebSocket | undefined;
  readonly #timers = new LinkTimers();
  readonly #flushSoon = oncePerTurn(() => this.#flush());
  #features: ReadonlySet<Feature> = new Set();
  /** The message that could not be processed; the waits grow until it is. */
  #stuck: number | undefined;
  readonly #standing: Standing;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
    this.#skew = new ClockSkew(this.#logger);
    this.#state = options.state ?? openLinkState();
    this.#backoff = options.backoff ?? createBackoff();
    this.#outbox = createOutbox(options.batch ?? false);
    this.#retries = createRetries({ patience: 0, ...options.retries });
    this.#standing = new Standing(this.#logger, options.onStatus);
  }

  get status(): LinkStatus {
    return this.#standing.status;
  }

  get failure(): HolderError | undefined {
    return this.#standing.failure;
  }

  start(): void {
    if (this.status === 'closed') this.#connect();
  }

  send(message: Outgoing, isGood?: () => boolean): void {
    this.#outbox.add(message, isGood);
    this.#flushSoon();
  }

  withdraw(sessionKey: string): void {
    this.#outbox.withdraw(sessionKey);
  }

  registered(): Promise<void> {
    return this.#standing.registered();
  }

  async close(): Promise<void> {
    this.#standing.set('closed', 'closed by this side');
    this.#timers.clear();
    const socket = this.#socket;
    this.#socket = undefined;
    saveAtEnd(this.#state, this.#logger);
    if (socket) await closeSocket(socket);
  }

  #connect(): void {
    this.#standing.set('connecting', this.#options.url);
    [this.#refusal, this.#trouble] = ['', ''];
    const socket = openSocket(this.#options, ({ features, time }) => {
      this.#features = features;
      this.#skew.see(time);
    });
    this.#socket = socket;
    socket.on('open', () => void this.#register(socket));
    const watchSilence = (): void =>
      this.#timers.set('silence', SILENCE_MS, () => socket.terminate());
    socket.on('ping', watchSilence);
    socket.on('error', (error) => (this.#trouble = systemReason(error)));
    socket.on('message', (data, isBinary) => {
      watchSilence();
      this.#onFrame(socket, data, isBinary);
    });
    socket.on('close', (code, reason) => this.#onClose(socket, code, reason.toString('utf8')));
    watchSilence();
  }

  async #register(socket: WebSocket): Promise<void> {
    try {
      const token = await this.#options.token();
      if (socket !== this.#socket || socket.readyState !== WebSocket.OPEN) return;
      // Claims nothing as processed that is not on disk.
      if (!this.#guarded(() => this.#state.save())) return;
      socket.send(registerFrame(this.#options, this.#state, token, this.#features));
      // A fresh token on the open socket keeps it open past the old one's expiry.
      const delay = renewalDelay(token, Date.now());
      this.#timers.set('renewal', delay, () => void this.#register(socket));
    } catch (error) {
      this.#logger.warn({ error: messageOf(error) }, 'found no token for the registration');
      socket.close(1000);
    }
  }

  #onFrame(socket: WebSocket, data: unknown, isBinary: boolean): void {
    if (socket !== this.#socket) return;
    const messages = messagesOf(data, isBinary);
    if (typeof messages === 'string') {
      this.ignored += 1;
      this.#logger.warn({ reason: messages }, 'ignored a frame that is no message');
      return;
    }
    for (const message of messages) this.#onMessage(socket, message);
  }

  #onMessage(socket: WebSocket, message: ServerMessage): void {
    if (socket !== this.#socket) return;
    if (message.type === 'register_complete') {
      this.#guarded(() => this.#onRegistered(socket, message));
      return;
    }
    if (message.type === 'ack') return this.#outbox.acknowledged(message.cseq);
    if (message.type === 'error' && message.cseq !== undefined && !comesAgain(message.code)) {
      this.#outbox.refused(message.cseq);
    }
    if (message.seq !== undefined && message.seq <= this.#state.seq) {
      this.ignored += 1;
      return;
    }
    if (!this.#processed(socket, message) || message.seq === undefined) return;
    if (this.#stuck !== undefined && message.seq >= this.#stuck) this.#stuck = undefined;
    this.#state.processed(message.seq);
    const delay = this.#options.state === undefined ? ACK_DELAY_MS.memory : ACK_DELAY_MS.disk;
    this.#timers.start('ack', delay, () => this.#guarded(() => this.#acknowledge()));
  }

  /** Acknowledges only processed messages: others come again, or a person must look first. */
  #processed(socket: WebSocket, message: ServerMessage): boolean {
    try {
      this.#options.onMessage(message);
      return true;
    } catch (error) {
      const { type, seq } = { seq: undefined, ...message };
      this.#logger.error({ type, seq, error: messageOf(error) }, 'message not processed');
      if (isFinal(error)) this.#fail(error);
      else if (seq !== undefined || isStoreError(error)) {
        this.#stuck = seq;
        this.#leave(socket);
      }
      return false;
    }
  }

  /** Reads nothing more of this connection: the messages after one that failed must wait for it. */
  #leave(socket: WebSocket): void {
    socket.terminate();
    this.#onClose(socket, 1006, 'a message was not processed');
  }

  /** Ends the link: without its store this side must neither promise nor acknowledge anything. */
  #fail(error: HolderError): void {
    if (this.failure) return;
    const socket = this.#socket;
    this.#socket = undefined;
    this.#timers.clear();
    this.#standing.fail(error);
    socket?.terminate();
  }

  /** Runs work on the state; false when the disk does not take it: then this side says nothing more until it does. */
  #guarded(work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      if (!isStoreError(error)) throw error;
      this.#logger.error({ error: error.message }, 'the disk does not take the state of the link');
      if (isFinal(error)) this.#fail(error);
      else if (this.#socket) this.#leave(this.#socket);
      return false;
    }
  }

  #acknowledge(): void {
    this.#state.save();
    if (this.status !== 'registered') return;
    this.#socket?.send(JSON.stringify({ type: 'ack', seq: this.#state.seq }));
  }

  #onRegistered(socket: WebSocket, message: RegisterComplete): void {
    if (!message.success) {
      this.#refusal = message.message;
      return socket.close(closeCodeFor(message));
    }
    if (message.stream !== undefined && adoptStream(this.#state, message.stream)) {
      this.#logger.warn({}, 'the coordinator has another database; starting its stream anew');
    }
    const { last_cseq: known = 0, resumed = 0 } = message;
    this.#outbox.acknowledged(known);
    this.#state.skipCseq(known);
    this.#retries.reset();
    if (this.#stuck === undefined) this.#backoff.reset();
    // A renewal on the open socket has lost nothing.
    if (this.status !== 'registered') this.#outbox.rewind();
    this.#options.onResumed?.(resumed);
    this.#standing.set('registered', `${resumed} messages to catch up`);
    this.#flushSoon();
  }

  #flush(): void {
    if (this.status !== 'registered') return;
    this.#guarded(() => {
      const frames = this.#outbox.takeFrames(() => this.#state.nextCseq());
      for (const frame of frames) this.#socket?.send(frame);
    });
  }

  #onClose(socket: WebSocket, code: number, reason: string): void {
    if (socket !== this.#socket) return;
    this.#socket = undefined;
    this.#timers.clear();
    if (this.status === 'closed') return;
    if (code === CLOSE.replaced) return this.#end('replaced', 'another process registered as us');
    if (code === CLOSE.refused) return this.#onRefused(this.#refusal || reason);
    this.#connectIn(this.#backoff.next(), this.#trouble || `code ${code}`);
  }

  #onRefused(reason: string): void {
    const next = this.#retries.next(reason);
    if (next === undefined) return this.#end('refused', reason || 'registration refused');
    if (next.isNews) this.#logger.warn({ reason }, 'registration refused; trying again slowly');
    this.#connectIn(next.delay, 'registration refused');
  }

  #connectIn(delay: number, why: string): void {
    this.#standing.set('waiting', `${this.#options.url}: ${why}; again in ${delay} ms`);
    this.#timers.set('retry', delay, () => this.#connect());
  }

  #end(status: 'refused' | 'replaced', detail: string): void {
    this.#standing.set(status, detail);
    saveAtEnd(this.#state, this.#logger);
  }
}
