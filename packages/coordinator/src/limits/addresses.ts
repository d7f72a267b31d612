/** Finds the address that a request comes from: the one place that decides whether to trust a proxy. */
import proxyAddress from '@fastify/proxy-addr';
import { addressGroup, type AddressRules } from '@quorate/wire';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

const UNKNOWN = 'unknown';

/** Addresses of clients, seen through the proxies that the operator trusts. */
export class ClientAddresses implements AddressRules {
  readonly #trusts: (address: string, hop: number) => boolean;

  /** `trusted` lists addresses and networks in CIDR notation. */
  constructor(trusted: readonly string[]) {
    this.#trusts = trusted.length === 0 ? () => false : proxyAddress.compile([...trusted]);
  }

  /**
   * The client's address: the last one in `X-Forwarded-For` that no trusted proxy has. Without a trusted
   * proxy, the other end of the connection.
   */
  of(request: IncomingMessage): string {
    const { remoteAddress } = request.socket;
    if (remoteAddress === undefined) return UNKNOWN;
    const named = proxyAddress(request, this.#trusts);
    return plain(isIP(named) === 0 ? remoteAddress : named);
  }

  groupOf(address: string): string {
    return addressGroup(address);
  }

  isProxy(address: string): boolean {
    return this.#trusts(address, 0);
  }
}

/** Writes an IPv4 address that came over IPv6 as IPv4. */
const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '');
