// Ceremonies over a raw WebSocket, for tests that care about something else.
import { createHash } from 'node:crypto';
import type { Cluster } from '@quorate/cli';
import { type Extras, type Json, RawClient } from './rawCoordinator.ts';

/** SHA-256 as hex. */
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A registered coordinator of a cluster and what it asks for. */
export class Requester {
  readonly #cluster: Cluster;
  readonly #extras: Extras;
  client: RawClient;

  private constructor(cluster: Cluster, client: RawClient, extras: Extras) {
    this.#cluster = cluster;
    this.client = client;
    this.#extras = extras;
  }

  static async of(cluster: Cluster, extras: Extras = {}): Promise<Requester> {
    return new Requester(cluster, await connect(cluster, extras), extras);
  }

  /** Names of the holders, in the order of their indexes. */
  get holders(): string[] {
    return this.#cluster.users
      .filter((user) => user.role === 'participant')
      .map((user) => user.username);
  }

  /** Registers on a new connection, e.g. after a restart of the coordinator. */
  async reconnect(): Promise<void> {
    this.client.close();
    this.client = await connect(this.#cluster, this.#extras);
  }

  askForKey(name: string, threshold: number): void {
    this.client.send({
      type: 'keygen_request',
      session_key: name,
      threshold,
      total_parts: this.holders.length,
      participants: this.holders,
    });
  }

  async key(name: string, threshold: number): Promise<Json> {
    this.askForKey(name, threshold);
    return this.client.complete(name, 'keygen_complete');
  }

  askForDestruction(name: string, address: unknown): void {
    this.client.send({
      type: 'destroy_request',
      session_key: name,
      threshold: 2,
      total_parts: this.holders.length,
      address,
      reason: 'the test is over',
      participants: this.holders,
    });
  }

  askForSignature(
    name: string,
    address: unknown,
    signers: readonly string[],
    message: string,
    more: Extras = {},
  ): void {
    this.client.send({
      type: 'sign_request',
      session_key: name,
      threshold: 2,
      total_parts: this.holders.length,
      data: sha256(message),
      address,
      participants: signers,
      ...more,
    });
  }
}

function connect(cluster: Cluster, extras: Extras): Promise<RawClient> {
  const user = cluster.users.find((person) => person.role === 'coordinator');
  if (user === undefined) throw new Error('unreachable: no coordinator');
  return RawClient.register(cluster.wsUrl, user, extras);
}
