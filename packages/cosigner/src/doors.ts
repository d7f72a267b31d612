/**
 * Limits the connections of a server: in total, per address (for IPv6, per /64 network), and at `/peer` before
 * the other end has proved who it is. An address that has proved itself finds a place even when all are taken, and may
 * have half of all: its callers wait for many signatures at once.
 */
import type { Logger } from '@quorate/holder';
import type { Server, Socket } from 'node:net';
import { addressGroup } from '@quorate/wire';

/** Places beyond the limits, for known addresses. */
const RESERVED = 16;
/** Addresses to keep as known. */
const MAX_KNOWN = 1000;
/** How often refused connections are logged, milliseconds. */
const LOG_EVERY_MS = 60_000;

/** The limits of one server. */
export interface DoorLimits {
  readonly connections: number;
  readonly connections_per_address: number;
  /** At `/peer`, for ends that have not proved who they are; one address gets a quarter of them. */
  readonly connections_unproven: number;
}

/** Places to take and release. */
class Places {
  readonly #most: number;
  readonly #mostOfOne: number;
  readonly #mostOfKnown: number;
  readonly #byAddress = new Map<string, number>();
  taken = 0;

  constructor(most: number, mostOfOne: number, mostOfKnown: number) {
    this.#most = most;
    this.#mostOfOne = mostOfOne;
    this.#mostOfKnown = mostOfKnown + RESERVED;
  }

  /** Takes a place, which the result releases; undefined if there is none. */
  take(address: string, isKnown: boolean): (() => void) | undefined {
    const ofOne = this.#byAddress.get(address) ?? 0;
    // An address that has more than its ordinary share leaves the reserve to the others.
    const mayUseReserve = isKnown && ofOne < this.#mostOfOne;
    const most = mayUseReserve ? this.#most + RESERVED : this.#most;
    const mostOfOne = isKnown ? this.#mostOfKnown : this.#mostOfOne;
    if (this.taken >= most || ofOne >= mostOfOne) return undefined;
    this.taken += 1;
    this.#byAddress.set(address, ofOne + 1);
    let held = true;
    return () => {
      if (held) this.#giveBack(address);
      held = false;
    };
  }

  #giveBack(address: string): void {
    this.taken -= 1;
    const left = (this.#byAddress.get(address) ?? 1) - 1;
    if (left === 0) this.#byAddress.delete(address);
    else this.#byAddress.set(address, left);
  }
}

/** The places of one server. */
export class Doors {
  readonly #sockets: Places;
  readonly #unproven: Places;
  readonly #logger: Logger;
  readonly #known = new Set<string>();
  #refused = 0;
  #loggedAt = Number.NEGATIVE_INFINITY;

  constructor(limits: DoorLimits, logger: Logger) {
    const { connections, connections_per_address: ofOne, connections_unproven: unproven } = limits;
    this.#sockets = new Places(connections, ofOne, Math.max(ofOne, Math.ceil(connections / 2)));
    const quarter = Math.ceil(unproven / 4);
    this.#unproven = new Places(unproven, quarter, quarter);
    this.#logger = logger;
  }

  /** Open connections. */
  get open(): number {
    return this.#sockets.taken;
  }

  /** Connections refused since the start. */
  get refused(): number {
    return this.#refused;
  }

  /** Counts the connections of a server, and ends the excess ones before a byte is read. */
  guard(server: Server): void {
    server.on('connection', (socket) => this.#enter(socket));
  }

  /** Marks an address as known: an end there has proved who it is. */
  know(address: string | undefined): void {
    if (address === undefined) return;
    const group = addressGroup(address);
    // The address seen longest ago is removed first.
    this.#known.delete(group);
    this.#known.add(group);
    const [oldest] = this.#known;
    if (this.#known.size > MAX_KNOWN && oldest !== undefined) this.#known.delete(oldest);
  }

  /** Takes a place at `/peer`, which the result releases; undefined if there is none. */
  takeUnproven(address = ''): (() => void) | undefined {
    const group = addressGroup(address);
    const place = this.#unproven.take(group, this.#known.has(group));
    if (place === undefined) this.#refuse(address, 'at /peer, of ends that have proved nothing');
    return place;
  }

  #enter(socket: Socket): void {
    const address = socket.remoteAddress ?? '';
    const group = addressGroup(address);
    const giveBack = this.#sockets.take(group, this.#known.has(group));
    if (giveBack !== undefined) return void socket.once('close', giveBack);
    this.#refuse(address, 'in all, or of one address');
    socket.destroy();
  }

  #refuse(address: string, limit: string): void {
    this.#refused += 1;
    const now = performance.now();
    if (now - this.#loggedAt < LOG_EVERY_MS) return;
    this.#loggedAt = now;
    this.#logger.warn({ address, limit, refused: this.#refused }, 'too many connections');
  }
}
