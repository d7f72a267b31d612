/**
 * Key generation in the protocol thread: its output is a share that is sealed before it leaves the thread.
 */
import { PartySession, sealShard } from '@quorate/holder';
import { parseAddress, recordId } from '@quorate/intent';
import { ethereumAddress } from '@quorate/tss';
import { type Keyshare, keygen } from '@quorate/tss/dkls23';
import type { ProtocolStart } from '../../protocol/frames.ts';
import type { Ended, ThreadProtocol } from '../../protocol/protocol.ts';
import type { Algorithm } from '@quorate/wire';

/** The input of a key generation. */
export interface KeygenStart extends ProtocolStart {
  readonly threshold: number;
  readonly parties: number;
}

/** A new key: this participant's share of it, sealed. */
export interface KeyOutput {
  readonly kind: 'keygen';
  readonly algorithm: Algorithm;
  readonly address: string;
  readonly publicKey: Uint8Array;
  readonly keyId: Uint8Array;
  readonly recordId: Uint8Array;
  readonly encryptedShard: Uint8Array;
  /** Secret. 32 bytes, transferred. */
  readonly opener: Uint8Array;
}

/** Key generation in its thread. */
export const KEYGEN_PROTOCOL: ThreadProtocol<KeygenStart, KeyOutput> = {
  begin: ({ sid, threshold, parties, index, peers }, prepared) => {
    const session = keygen({ sessionId: sid, threshold, parties, index });
    const party = new PartySession(session, { sid, index, peers, keys: prepared().keys });
    return {
      party,
      key: null,
      peers: peers.map((peer) => peer.index),
      lastRound: undefined,
      outcome: () => {
        const { outcome } = party;
        return outcome?.status === 'completed' ? sealed(outcome.output) : outcome;
      },
      wipe: () => undefined,
    };
  },
};

function sealed(keyshare: Keyshare): Ended<KeyOutput> {
  const { publicKey, keyId, index, epoch } = keyshare;
  const address = ethereumAddress(publicKey);
  const record = recordId(keyId, index, epoch);
  const bytes = keyshare.encode();
  const { encryptedShard, opener } = sealShard(bytes, {
    publicKey,
    address: parseAddress(address),
    partIndex: index,
    epoch,
    recordId: record,
  });
  bytes.fill(0);
  keyshare.wipe();
  return {
    status: 'completed',
    output: {
      kind: 'keygen',
      algorithm: 'ecdsa-secp256k1',
      address,
      publicKey,
      keyId,
      recordId: record,
      encryptedShard,
      opener,
    },
    secrets: [opener],
  };
}
