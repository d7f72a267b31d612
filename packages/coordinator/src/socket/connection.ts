/**
 * One WebSocket connection: registration, frames in order, limits, take-over (docs/spec/wire.md §2, §10).
 *
 * It knows a transport instead of a socket, so that the frame handler can be tested and fuzzed alone. No
 * frame, whatever its content, makes it throw.
 */
import {
  CLOSE,
  CODES,
  type ClientMessage,
  type CodeEntry,
  codeText,
  type ErrorCode,
  errorMessage,
  type FrameError,
  LIMITS,
  parseFrame,
  type Register,
} from '@quorate/wire';
import type { Client, ConnectionOrigin } from '../delivery/hub.ts';
import { describe } from '../describe.ts';
import type { Numbered } from '../delivery/outbox.ts';
import { participant, type Recipient } from '../delivery/recipient.ts';
import { isSessionMessage, type Note } from './connectionService.ts';
import type { Identity } from '../auth/index.ts';
import type { ConnectionOptions } from './connectionOptions.ts';
import { faultOf } from './fault.ts';
import { SlidingWindow } from '../limits/windows.ts';
import { InOrder } from './inOrder.ts';
import { Pressure } from './pressure.ts';
import { isRenewalOf, refusalMessageOf, type Registered, welcomeOf } from './registration.ts';
import { takeOverOf } from './takeOver.ts';
import { FrameWriter } from './frameWriter.ts';

/** A connection. */
export class Connection implements Client {
  recipient: Recipient = participant('');
  identity: Identity = { username: '', roles: [], expiresAt: 0, tokenId: '' };
  readonly origin: ConnectionOrigin;
  replaced: ConnectionOrigin | undefined;
  progress = false;
  readonly #options: ConnectionOptions;
  readonly #writer: FrameWriter;
  readonly #malformed = new SlidingWindow(LIMITS.errors.count, LIMITS.errors.windowMs);
  readonly #pressure: Pressure;
  readonly #inOrder = new InOrder();
  readonly #waiting: ClientMessage[][] = [];
  #state: 'new' | 'registering' | 'registered' | 'closed' = 'new';
  #everRegistered = false;
  #cancelDeadline: () => void;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { clock } = options.service.options;
    this.origin = { remote: options.remote, since: clock.now() };
    this.#writer = new FrameWriter(
      options.transport,
      (after, limit) => options.service.stored(this.recipient, after, limit),
      (error) => this.#broken(error),
    );
    this.#pressure = new Pressure(options.transport, clock, options.rates);
    this.#cancelDeadline = clock.after(options.registerTimeout, () => {
      this.#end('register_timeout', CLOSE.registerTimeout);
    });
  }

  /** Takes one frame from the transport. */
  receive(data: string | Uint8Array): void {
    if (this.#state === 'closed') return;
    if (typeof data !== 'string') return this.#refuseFrame({ code: 'binary_frame', details: '' });
    const { language } = this.#options.service.options;
    const frame = parseFrame(data, { from: 'client', language });
    if (!frame.ok) return this.#refuseFrame(frame.error);
    this.#pressure.received(frame.messages.length);
    if (this.#state === 'registering') {
      this.#waiting.push([...frame.messages]);
      this.#pressure.hold(true);
      return;
    }
    for (const [at, message] of frame.messages.entries()) {
      this.#onMessage(message);
      // Messages that follow a register in its frame wait for its outcome.
      if (this.#waitsForRegistration()) {
        const rest = frame.messages.slice(at + 1);
        if (rest.length > 0) this.#waiting.push(rest);
        return;
      }
    }
  }

  /** The transport is gone. */
  closed(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#cancelDeadline();
    this.#pressure.stop();
    this.#writer.stop();
    if (this.#everRegistered) this.#options.service.options.hub.detach(this);
  }

  offer(message: Numbered): void {
    this.#writer.offer(message);
  }

  tell(message: object): void {
    this.#writer.tell(message);
  }

  close(code: number, reason: string): void {
    if (this.#state === 'closed') return;
    this.#writer.stop();
    this.#options.transport.close(code, reason);
    this.closed();
  }

  #expire(): void {
    const who = { role: this.recipient.role, remote: this.#options.remote };
    this.#note('socket.expire', { code: 'token_expired', ...who }, 'ok');
    this.#end('token_expired', CLOSE.tokenExpired);
  }

  #waitsForRegistration(): boolean {
    return this.#state === 'registering';
  }

  #onMessage(message: ClientMessage): void {
    if (this.#state === 'closed') return;
    if (message.type === 'register') {
      this.#state = 'registering';
      this.#register(message).catch((error: unknown) => this.#broken(error));
      return;
    }
    if (!this.#everRegistered) {
      return this.#refuseFrame({ code: 'not_registered', details: 'expected register first' });
    }
    const { service } = this.#options;
    // The clock may have been set, or the machine have slept, since the timer started.
    if (this.identity.expiresAt <= service.options.clock.now()) return this.#expire();
    if (message.type === 'ack') return service.acknowledge(this.recipient, message.seq);
    if (!isSessionMessage(message)) return;
    const work = service.take(this.recipient, message, this.#inOrder, (answer) =>
      this.tell(answer),
    );
    const done = work.then((taken) => (taken === 'flooded' ? this.#flooded('') : undefined));
    this.#work(done, message);
  }

  /** Tracks a pending operation; too many pending operations pause the socket. */
  #work(work: Promise<void>, message?: ClientMessage): void {
    this.#pressure.started();
    work
      .catch((error: unknown) => this.#failed(error, message))
      .finally(() => this.#pressure.finished());
  }

  #failed(error: unknown, message: ClientMessage | undefined): void {
    this.#options.logger.error({ error: describe(error) }, 'a message could not be processed');
    const sessionKey = message !== undefined && 'session_key' in message ? message.session_key : '';
    const cseq = message === undefined ? undefined : numberOf(message);
    const { code, close } = faultOf(error);
    this.#tellError({
      code,
      details: '',
      ...(sessionKey ? { sessionKey } : {}),
      ...(cseq === undefined ? {} : { cseq }),
    });
    // No message after a lost number is taken: the client has to reconnect and send it again.
    if (cseq !== undefined) this.close(close, codeText(code, 'en'));
  }

  async #register(message: Register): Promise<void> {
    const { service, remote } = this.#options;
    if (this.#everRegistered && !isRenewalOf(this.recipient, message)) {
      await service.noteRefusal(message, remote, 'forbidden_role');
      return this.#refuseRegistration(
        'forbidden_role',
        'the connection belongs to another registration',
      );
    }
    const outcome = await service.register(message, remote);
    if (this.#state !== 'registering') return;
    if ('refused' in outcome) return this.#refuseRegistration(outcome.refused, outcome.details);
    // Others may have registered meanwhile.
    if (service.options.hub.isFull(outcome.recipient)) {
      return this.#refuseRegistration('too_many_connections', '');
    }
    this.#registered(message, outcome);
    this.#state = 'registered';
    this.#work(this.#checkAgain(message));
    const waiting = this.#waiting.splice(0);
    this.#pressure.hold(this.#waiting.length > 0);
    for (const [at, messages] of waiting.entries()) {
      this.#resumeWith(messages, waiting.slice(at + 1));
      if (this.#waitsForRegistration()) return;
    }
  }

  #resumeWith(messages: readonly ClientMessage[], later: ClientMessage[][]): void {
    for (const [at, message] of messages.entries()) {
      this.#onMessage(message);
      if (!this.#waitsForRegistration()) continue;
      this.#waiting.push(messages.slice(at + 1), ...later);
      return;
    }
  }

  #registered(message: Register, outcome: Registered): void {
    const { service, remote, logger } = this.#options;
    const { hub, language, clock } = service.options;
    const renewal = this.#everRegistered;
    this.#everRegistered = true;
    this.#options.onRegistered?.();
    this.recipient = outcome.recipient;
    this.identity = outcome.identity;
    this.progress = message.progress ?? false;
    this.#cancelDeadline();
    this.#cancelDeadline = clock.schedule(this.identity.expiresAt, () => this.#expire());
    const replaced = hub.attach(this);
    if (replaced !== undefined) {
      this.replaced = replaced.origin;
      this.#note('socket.replace', takeOverOf(replaced, remote), 'ok');
      replaced.close(CLOSE.replaced, codeText('replaced', 'en'));
    }
    this.#writer.tell(welcomeOf(outcome, renewal, language));
    this.#writer.batch = message.batch ?? false;
    logger.debug({ ...this.recipient, remote, renewal }, 'registered');
    // A renewal on the open socket continues where it is; only a new connection gets everything again.
    if (renewal) return;
    this.#writer.start(outcome.from);
    for (const notice of outcome.notices) this.#writer.tell(notice);
  }

  /** Checks the token again: it may have been revoked before this connection could be found. */
  async #checkAgain({ token }: Register): Promise<void> {
    if (await this.#options.service.isGood(token)) return;
    this.close(CLOSE.tokenExpired, 'register again');
  }

  #refuseRegistration(code: ErrorCode, details: string): void {
    const { language } = this.#options.service.options;
    this.#writer.tell(refusalMessageOf(code, details, language));
    const { close = CLOSE.unauthorised } = CODES[code] as CodeEntry;
    this.close(close, codeText(code, 'en'));
  }

  #refuseFrame(error: FrameError): void {
    const { service, remote } = this.#options;
    const { clock } = service.options;
    this.#tellError(error);
    if (this.#malformed.hit(clock.elapsed())) return this.#flooded(error.details);
    // Strangers could fill the log, so only the end of their connection is logged.
    if (!this.#everRegistered) return;
    this.#note('socket.refuse', { code: error.code, remote, reason: error.details });
  }

  #flooded(reason: string): void {
    const { remote } = this.#options;
    this.#note('socket.refuse', { code: 'too_many_errors', remote, reason });
    this.#end('too_many_errors', CLOSE.tooManyErrors);
  }

  #note(action: string, details: Note['details'], outcome: Note['outcome'] = 'refused'): void {
    const actor = this.#everRegistered ? this.recipient.username : 'unregistered';
    this.#work(this.#options.service.note({ actor, action, outcome, details }));
  }

  #tellError({ code, details, sessionKey, cseq }: FrameError): void {
    const { language } = this.#options.service.options;
    this.tell(
      errorMessage(code, {
        details,
        language,
        ...(sessionKey === undefined ? {} : { sessionKey }),
        ...(cseq === undefined ? {} : { cseq }),
      }),
    );
  }

  #end(code: ErrorCode, close: number): void {
    if (this.#state === 'closed') return;
    this.#tellError({ code, details: '' });
    this.close(close, codeText(code, 'en'));
  }

  #broken(error: unknown): void {
    this.#options.logger.error({ error: describe(error) }, 'connection closed by a fault');
    const { code, close } = faultOf(error);
    this.#end(code, close);
  }
}

const numberOf = (message: ClientMessage): number | undefined =>
  'cseq' in message ? message.cseq : undefined;
