/**
 * Limits how many connections a server holds, in total and per address.
 *
 * A stranger is a connection that has not identified itself. When there is no room for a new connection, the
 * limiter ends the oldest stranger of the address with most strangers. A flood of strangers therefore cannot
 * lock out anybody who identifies itself within the time that the flood needs to fill the server once.
 *
 * The limiter knows sockets and servers only by their shape; both servers of Quorate use it.
 */

/** Bounds of a server's connections. */
export interface ConnectionLimits {
  /** All connections: HTTP, TLS handshakes, WebSockets. */
  readonly total: number;
  /** Connections per address. */
  readonly perAddress: number;
  /** The part of `total` that strangers can never take. */
  readonly reserved: number;
}

/** The parts of a socket that the limiter needs. */
export interface CountedSocket {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  destroy(): unknown;
  once(event: 'close', listener: () => void): unknown;
}

/** The parts of a server that the limiter needs. */
export interface CountedServer {
  on(event: 'connection', listener: (socket: CountedSocket) => void): unknown;
}

/** How addresses are counted. */
export interface AddressRules {
  /** The unit that counts as one address, such as the network of an IPv6 address. */
  groupOf(address: string): string;
  /** Whether the address is a proxy for many clients: only `total` applies to it. */
  isProxy(address: string): boolean;
}

interface Place {
  readonly name: string;
  readonly socket: CountedSocket;
  /** The group in which it is counted; none for a proxy. */
  group: string | undefined;
}

/** Limits the connections of one server. */
export class ConnectionLimiter {
  readonly #limits: ConnectionLimits;
  readonly #rules: AddressRules;
  readonly #places = new Map<string, Place>();
  readonly #groups = new Map<string, Set<Place>>();
  /** Oldest first. */
  readonly #strangers = new Set<Place>();
  #ended = 0;

  constructor(limits: ConnectionLimits, rules: AddressRules) {
    this.#limits = limits;
    this.#rules = rules;
  }

  /** Counts every connection of a server from now on, and ends those without room. */
  attach(server: CountedServer): void {
    server.on('connection', (socket) => this.#open(socket));
  }

  /** Marks a connection as identified: it is no longer ended to make room. */
  identified(socket: CountedSocket): void {
    const place = this.#places.get(nameOf(socket));
    if (place !== undefined) this.#strangers.delete(place);
  }

  /**
   * Counts a connection under its client's address, as a proxy names it; false if that address has no room
   * left, or the connection is gone.
   */
  countAs(socket: CountedSocket, address: string): boolean {
    const place = this.#places.get(nameOf(socket));
    if (place === undefined) return false;
    if (this.#rules.isProxy(address)) return true;
    const group = this.#rules.groupOf(address);
    if (group === place.group) return true;
    if (!this.#hasRoomIn(group)) return false;
    this.#leave(place);
    this.#enter(place, group);
    return true;
  }

  /** Ends every connection. */
  endAll(): void {
    for (const place of this.#places.values()) place.socket.destroy();
  }

  /** Open connections. */
  get size(): number {
    return this.#places.size;
  }

  /** Open connections that have not identified themselves. */
  get strangers(): number {
    return this.#strangers.size;
  }

  /** Connections ended so far for lack of room. */
  get ended(): number {
    return this.#ended;
  }

  #open(socket: CountedSocket): void {
    const { remoteAddress } = socket;
    // The client left before it was counted.
    if (remoteAddress === undefined) return void socket.destroy();
    const group = this.#rules.isProxy(remoteAddress)
      ? undefined
      : this.#rules.groupOf(remoteAddress);
    const place: Place = { name: nameOf(socket), socket, group: undefined };
    if ((group !== undefined && !this.#hasRoomIn(group)) || !this.#hasRoom()) {
      this.#ended += 1;
      return void socket.destroy();
    }
    this.#places.set(place.name, place);
    this.#strangers.add(place);
    if (group !== undefined) this.#enter(place, group);
    socket.once('close', () => this.#release(place));
  }

  #hasRoom(): boolean {
    const { total, reserved } = this.#limits;
    const full = this.#places.size >= total || this.#strangers.size >= total - reserved;
    return !full || this.#endStranger(this.#largestCrowd());
  }

  #hasRoomIn(group: string): boolean {
    const own = this.#groups.get(group);
    return own === undefined || own.size < this.#limits.perAddress || this.#endStranger(own);
  }

  /** The group with most strangers; if no group has several, all strangers. */
  #largestCrowd(): Iterable<Place> {
    const counts = new Map<string, number>();
    let most = 1;
    let crowd: Iterable<Place> = this.#strangers;
    for (const { group } of this.#strangers) {
      if (group === undefined) continue;
      const count = (counts.get(group) ?? 0) + 1;
      counts.set(group, count);
      if (count <= most) continue;
      most = count;
      crowd = this.#groups.get(group) ?? crowd;
    }
    return crowd;
  }

  /** Ends the oldest stranger among some connections; false if there is none. */
  #endStranger(among: Iterable<Place>): boolean {
    for (const place of among) {
      if (!this.#strangers.has(place)) continue;
      this.#ended += 1;
      this.#release(place);
      place.socket.destroy();
      return true;
    }
    return false;
  }

  #enter(place: Place, group: string): void {
    const own = this.#groups.get(group) ?? new Set();
    own.add(place);
    this.#groups.set(group, own);
    place.group = group;
  }

  #leave(place: Place): void {
    if (place.group === undefined) return;
    const own = this.#groups.get(place.group);
    own?.delete(place);
    if (own?.size === 0) this.#groups.delete(place.group);
    place.group = undefined;
  }

  #release(place: Place): void {
    if (this.#places.get(place.name) === place) this.#places.delete(place.name);
    this.#strangers.delete(place);
    this.#leave(place);
  }
}

/** Both ends of a connection: equal for a TCP socket and the TLS socket on it. */
function nameOf({ remoteAddress, remotePort, localAddress, localPort }: CountedSocket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}
