import type { Message, Session, Signature } from '@quorate/tss';
import { Keyshare, sign } from '@quorate/tss/dkls23';
import { openShard, PartySession, type Preparation, prepare } from '@quorate/holder';
import type { WorkerEvent, WorkerOrder } from '../../src/protocol/orders.ts';
import type { Host } from './hosts.ts';

/** Changes what a party says before it signs and encrypts it: nothing outside can tell it from an honest party. */
export type Corrupt = (message: Message) => Message;

/** A signer with a valid share and valid keys that lies in the protocol. */
export class EvilSigner implements Host {
  readonly #post: (event: WorkerEvent) => void;
  readonly #corrupt: Corrupt;
  readonly #prepared = new Map<string, Preparation>();
  readonly #sessions = new Map<string, PartySession<Signature>>();

  /** Says everything twice, with other randomness. */
  readonly #twice: boolean;

  constructor(post: (event: WorkerEvent) => void, corrupt: Corrupt, twice = false) {
    this.#post = post;
    this.#corrupt = corrupt;
    this.#twice = twice;
  }

  handle(order: WorkerOrder): void {
    const { id } = order;
    if (order.order === 'prepare') {
      const made = prepare();
      this.#prepared.set(id, made);
      const { x25519, ed25519 } = made.keys;
      this.#post({ event: 'prepared', id, nonce: made.nonce, x25519, ed25519 });
    }
    if (order.order === 'start' && 'digest' in order.start) {
      const { sid, index, peers, signers, digest, expected, encryptedShard, opener } = order.start;
      const identity = { ...expected, address: expected.keyTag, partIndex: index };
      const keyshare = Keyshare.decode(openShard(encryptedShard, opener, identity));
      const { keys } = this.#prepared.get(id)!;
      const begin = (): void => {
        const honest = sign({ sessionId: sid, keyshare, signers, digest, bans: [] });
        const session = corrupted(honest, this.#corrupt);
        const party = new PartySession(session, { sid, index, peers, keys });
        this.#sessions.set(id, party);
        this.#post({ event: 'frames', id, frames: party.start() });
      };
      if (this.#twice) begin();
      begin();
    }
    if (order.order === 'receive') {
      const received = this.#sessions.get(id)?.receive(order.frame);
      if (received?.ignored === null) this.#post({ event: 'frames', id, frames: received.frames });
    }
  }
}

/** A protocol machine whose words are changed on their way out. */
function corrupted<T>(session: Session<T>, corrupt: Corrupt): Session<T> {
  return {
    start: () => session.start().map(corrupt),
    receive: (message: Message) => {
      const receipt = session.receive(message);
      return { ...receipt, send: receipt.send.map(corrupt) };
    },
    close: () => session.close(),
    get outcome() {
      return session.outcome;
    },
  } as unknown as Session<T>;
}

/** Flips a bit of the first oblivious-transfer message to one party: its check fails, and it bans. */
export function flipFirstPairwise(to: number): Corrupt {
  return (message) => {
    if (message.round !== 1 || message.to !== to) return message;
    const body = Uint8Array.from(message.body);
    body[100]! ^= 1;
    return { ...message, body };
  };
}
