import type { RoundFrame } from '@quorate/holder';
import { parseAddress } from '@quorate/intent';
import { SessionHost } from '../../src/protocol/host.ts';
import { PROTOCOLS } from '../../src/ceremonies/protocols.ts';
import type {
  OutputOf,
  ProtocolKind,
  StartOf,
  WorkerEvent,
  WorkerOrder,
} from '../../src/protocol/orders.ts';

type KeyOutput = OutputOf<'keygen'>;
type SignStart = StartOf<'sign'>;

/** Changes, drops or multiplies a frame on its way; the recipient is the party that would get it. */
export type Tamper = (frame: RoundFrame, recipient: number) => readonly RoundFrame[];

/** A host that carries out orders. */
export interface Host {
  handle(order: WorkerOrder): void;
}

/** The protocol threads of several parties, without the threads, and a network between them. */
export class Hosts {
  readonly hosts: Host[];
  readonly events: WorkerEvent[][];
  readonly #queue: { id: string; to: number; frame: RoundFrame }[] = [];
  tamper: Tamper = (frame) => [frame];

  constructor(parties: number) {
    this.events = Array.from({ length: parties }, () => []);
    this.hosts = this.events.map(
      (events, at) => new SessionHost(PROTOCOLS, (event) => this.#onEvent(at + 1, event, events)),
    );
  }

  /** Puts another party in the place of an honest one. */
  replace(party: number, make: (post: (event: WorkerEvent) => void) => Host): void {
    const events = this.events[party - 1]!;
    this.hosts[party - 1] = make((event) => this.#onEvent(party, event, events));
  }

  order(party: number, order: WorkerOrder): void {
    this.hosts[party - 1]!.handle(order);
  }

  /** Prepares a session at these parties and gives everyone's certified keys. */
  prepare(id: string, parties: readonly number[]) {
    return parties.map((index) => {
      this.order(index, { order: 'prepare', id });
      const { x25519, ed25519 } = this.last(index, id, 'prepared');
      return { index, x25519, ed25519 };
    });
  }

  /** Runs a key generation of all parties; gives each one's sealed key. */
  keygen(id: string, threshold: number): readonly KeyOutput[] {
    const all = this.hosts.map((_, at) => at + 1);
    const certified = this.prepare(id, all);
    for (const index of all) {
      const peers = certified.filter((peer) => peer.index !== index);
      const sid = new Uint8Array(32).fill(9);
      const start = { sid, threshold, parties: all.length, index, peers };
      this.order(index, { order: 'start', kind: 'keygen', id, start });
    }
    this.deliver();
    return all.map((index) => this.output(index, id, 'keygen'));
  }

  /** Starts a signature; `change` alters what one party is started with. */
  startSign(
    id: string,
    signers: readonly number[],
    keys: readonly KeyOutput[],
    change: (start: SignStart) => SignStart = (start) => start,
  ): void {
    const certified = this.prepare(id, signers);
    for (const index of signers) {
      const key = keys[index - 1]!;
      const start: SignStart = {
        sid: new Uint8Array(32).fill(id.length),
        index,
        signers,
        digest: new Uint8Array(32).fill(5),
        bans: [],
        peers: certified.filter((peer) => peer.index !== index),
        encryptedShard: key.encryptedShard,
        opener: Uint8Array.from(key.opener),
        expected: {
          algorithm: key.algorithm,
          publicKey: key.publicKey,
          keyTag: parseAddress(key.address),
          keyId: key.keyId,
          recordId: key.recordId,
          threshold: 2,
          parties: this.hosts.length,
          epoch: 0,
        },
      };
      this.order(index, { order: 'start', kind: 'sign', id, start: change(start) });
    }
  }

  /** Carries frames until nobody has anything to say. */
  deliver(): void {
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      const { id, to, frame } = next;
      for (const sent of this.tamper(frame, to)) {
        this.order(to, { order: 'receive', id, frame: sent });
      }
    }
  }

  find<E extends WorkerEvent['event']>(party: number, id: string, name: E) {
    return this.events[party - 1]!.filter(
      (event): event is Extract<WorkerEvent, { event: E }> =>
        event.event === name && event.id === id,
    );
  }

  last<E extends WorkerEvent['event']>(party: number, id: string, name: E) {
    const event = this.find(party, id, name).at(-1);
    if (!event) throw new Error(`party ${party} has no ${name} of ${id}`);
    return event;
  }

  /** Every output of this kind's protocol at a party. */
  outputs<P extends ProtocolKind>(party: number, id: string, kind: P) {
    return this.find(party, id, 'output')
      .map(({ output }) => output)
      .filter((output): output is OutputOf<P> => output.kind === kind);
  }

  output<P extends ProtocolKind>(party: number, id: string, kind: P) {
    const output = this.outputs(party, id, kind).at(-1);
    if (!output) throw new Error(`party ${party} has no output of ${id}`);
    return output;
  }

  #onEvent(party: number, event: WorkerEvent, events: WorkerEvent[]): void {
    events.push(event);
    if (event.event !== 'frames') return;
    for (const frame of event.frames) {
      const others = this.hosts.map((_, at) => at + 1).filter((index) => index !== party);
      const to = frame.to === null ? others : [frame.to];
      for (const recipient of to) this.#queue.push({ id: event.id, to: recipient, frame });
    }
  }
}
