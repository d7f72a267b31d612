/**
 * One WebSocket between two cosigners: hellos, then sealed and numbered envelopes. A frame that is not
 * authentic, or not newer than all earlier ones, changes nothing; too many frames that are not authentic end
 * the connection.
 */
import { messageOf } from '@quorate/holder';
import type { KeyObject } from 'node:crypto';
import { fromHex, toHex } from '@quorate/intent';
import { PEER_LIMITS, PeerEnvelope, PeerHello, type PeerType } from '@quorate/wire';
import type { RawData, WebSocket } from 'ws';
import type { PublicIdentity } from '../partner.ts';
import { parsedJson } from '../json.ts';
import { deriveLinkKeys, type LinkKeys, makeEphemeral, openData, sealData } from './secure.ts';

/** How often to ask whether the other end is alive, milliseconds. */
const HEARTBEAT_MS = 3000;
/** Frames without authentication before the connection ends. */
const MAX_BAD = 20;

/** A message without the fields that the connection adds. */
export interface PeerMessage {
  readonly type: PeerType;
  /** Empty if it concerns the connection. */
  readonly sessionId: string;
  readonly round: number;
  /** 0: not acknowledged, not repeated. */
  readonly seq: number;
  readonly plaintext: Uint8Array;
  /** base64 Ed25519 of a round, or empty. */
  readonly signature: string;
}

/** This end. */
export interface OwnEnd {
  readonly name: string;
  /** Secret. */
  readonly agreement: KeyObject;
  /** How long the other end may take to prove who it is, milliseconds. */
  readonly handshakeMs: number;
  /** The pinned partner of that name, if there is one. */
  partner(name: string): PublicIdentity | undefined;
  now(): number;
}

/** The events of a connection for its owner. */
export interface ConnectionEvents {
  /** The partner proved who it is. */
  onReady(connection: Connection, partner: string): void;
  onMessage(connection: Connection, message: PeerMessage): void;
  /** The connection ends for that reason, because of `partner`, as the other end calls itself. */
  onRefused(connection: Connection, reason: string, partner: string | undefined): void;
  onClosed(connection: Connection): void;
}

/** One connection. */
export class Connection {
  readonly #socket: WebSocket;
  readonly #own: OwnEnd;
  readonly #events: ConnectionEvents;
  readonly #ephemeral = makeEphemeral();
  readonly #timers: NodeJS.Timeout[] = [];
  #partner: string | undefined;
  #keys: LinkKeys | undefined;
  #ready = false;
  #alive = true;
  #bad = 0;
  /** Numbers of the newest frame sent, and of the newest one opened. */
  #sent = 0;
  #taken = 0;

  /** `partner` is the name that we dialled; an end that dials us gives its own name. */
  constructor(
    socket: WebSocket,
    own: OwnEnd,
    events: ConnectionEvents,
    partner: string | undefined,
  ) {
    this.#socket = socket;
    this.#own = own;
    this.#events = events;
    this.#partner = partner;
    socket.on('message', (data, binary) => this.#receive(data, binary));
    socket.on('pong', () => {
      this.#alive = true;
    });
    socket.on('error', (error) => {
      this.#events.onRefused(this, messageOf(error), this.#partner);
      socket.terminate();
    });
    socket.on('close', () => this.#closed());
    this.#timers.push(setTimeout(() => this.#ready || socket.terminate(), own.handshakeMs));
    this.#timers.push(setInterval(() => this.#heartbeat(), HEARTBEAT_MS));
    for (const timer of this.#timers) timer.unref();
    if (partner !== undefined) this.#hello(partner);
  }

  /** Sends a message; false if it cannot be sent now. */
  send(message: PeerMessage): boolean {
    const { type, sessionId, round, seq, plaintext, signature } = message;
    if (this.#keys === undefined || this.#partner === undefined) return false;
    this.#sent += 1;
    const header = {
      type,
      session_id: sessionId,
      from: this.#own.name,
      to: this.#partner,
      round,
      seq,
      frame: this.#sent,
      timestamp: this.#own.now(),
      signature,
    };
    return this.#write({ ...header, data: sealData(this.#keys, header, plaintext) });
  }

  close(code = 1000, reason = ''): void {
    this.#socket.close(code, reason);
    const late = setTimeout(() => this.#socket.terminate(), 1000);
    late.unref();
  }

  #write(envelope: PeerEnvelope): boolean {
    if (this.#socket.readyState !== this.#socket.OPEN) return false;
    this.#socket.send(JSON.stringify(envelope));
    return true;
  }

  /** Sent in clear: it holds only a fresh public key. */
  #hello(to: string): void {
    const hello: PeerHello = { version: 1, ephemeral: toHex(this.#ephemeral.publicKey) };
    this.#write({
      type: 'session_sync',
      session_id: '',
      from: this.#own.name,
      to,
      round: 0,
      seq: 0,
      frame: 0,
      data: Buffer.from(JSON.stringify(hello)).toString('base64'),
      timestamp: this.#own.now(),
      signature: '',
    });
  }

  #receive(data: RawData, binary: boolean): void {
    // A connection closed from this side ignores later frames.
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    const bytes = binary || !Buffer.isBuffer(data) ? '' : data;
    const parsed = PeerEnvelope.safeParse(parsedJson(bytes));
    if (!parsed.success || parsed.data.to !== this.#own.name) return this.#bear();
    if (this.#keys === undefined) return this.#meet(parsed.data);
    const envelope = parsed.data;
    if (envelope.from !== this.#partner) return this.#bear();
    const plaintext = openData(this.#keys, envelope);
    if (plaintext === undefined) return this.#bear();
    // Repeated or overtaken: its content comes again in a new frame, if still wanted.
    if (envelope.frame <= this.#taken) return;
    this.#taken = envelope.frame;
    if (!this.#ready) {
      this.#ready = true;
      this.#events.onReady(this, envelope.from);
    }
    const { type, session_id: sessionId, round, seq, signature } = envelope;
    this.#events.onMessage(this, { type, sessionId, round, seq, plaintext, signature });
  }

  /** Takes the other end's hello; from then on only the owner of the pinned key is understood. */
  #meet(envelope: PeerEnvelope): void {
    const hello = PeerHello.safeParse(parsedJson(Buffer.from(envelope.data, 'base64')));
    const identity = this.#own.partner(envelope.from);
    const expected = this.#partner === undefined || this.#partner === envelope.from;
    if (!hello.success) return this.#refuse(4401, 'no hello of version 1', envelope.from);
    if (identity === undefined || !expected) {
      return this.#refuse(4401, 'unknown partner', envelope.from);
    }
    try {
      this.#keys = deriveLinkKeys({
        ownName: this.#own.name,
        ownStatic: this.#own.agreement,
        ownEphemeral: this.#ephemeral,
        partnerName: identity.name,
        partnerStatic: identity.agreement,
        partnerEphemeral: fromHex(hello.data.ephemeral),
      });
    } catch {
      return this.#refuse(4401, 'bad key', envelope.from);
    }
    if (this.#partner === undefined) {
      this.#partner = identity.name;
      this.#hello(identity.name);
    }
    // The first sealed message proves to the other end who this is.
    const proof = Buffer.from('{}');
    this.send({
      type: 'session_sync',
      sessionId: '',
      round: 0,
      seq: 0,
      plaintext: proof,
      signature: '',
    });
  }

  /**
   * Counts a bad frame. The first sealed frame proves who sends; an authenticated peer may send a few bad
   * frames before it is cut off.
   */
  #bear(): void {
    this.#bad += 1;
    if (this.#keys !== undefined && !this.#ready) this.#refuse(4401, 'not the pinned key');
    else if (this.#bad >= MAX_BAD || !this.#ready) this.#refuse(4429, 'bad frames');
  }

  #refuse(code: number, reason: string, partner = this.#partner): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#events.onRefused(this, reason, partner);
    this.close(code, reason);
  }

  #heartbeat(): void {
    if (!this.#alive) return this.#socket.terminate();
    this.#alive = false;
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping();
  }

  #closed(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#keys?.outgoing.fill(0);
    this.#keys?.incoming.fill(0);
    this.#keys = undefined;
    this.#events.onClosed(this);
  }
}

/** In ws but missing from its types: tiny fragments must not take unbounded memory. */
const FRAGMENTS = { maxFragments: 1024, maxBufferedChunks: 8192 };

/** The options of `ws` at both ends. */
export const SOCKET_OPTIONS: { readonly maxPayload: number; readonly perMessageDeflate: false } = {
  maxPayload: PEER_LIMITS.frame,
  perMessageDeflate: false,
  ...FRAGMENTS,
};
