/** Opens a keyshare out of its sealed shard. */
import { openShard } from '@quorate/holder';
import { equalBytes } from '@quorate/intent';
import { Keyshare } from '@quorate/tss/dkls23';
import { AgentError } from '../errors.ts';
import type { Algorithm } from '@quorate/wire';
import type { ExpectedKeyshare, ShareStart } from './frames.ts';

/**
 * Opens the shard and checks that it is the one that the agent's own record describes.
 * @throws AgentError `session/refused`, which names the difference
 */
export function openKeyshare(start: ShareStart): Keyshare {
  const { expected, index } = start;
  const keyshare = decodeAndWipe(expected.algorithm, openBytes(start));
  const other = difference(keyshare, expected, index);
  if (other === undefined) return keyshare;
  keyshare.wipe();
  throw new AgentError(
    'session/refused',
    `the keyshare is not the one of the key record: it has another ${other}`,
  );
}

/** Decodes a keyshare; its bytes name protocol and curve, so a share of another algorithm does not decode. */
function decodeAndWipe(algorithm: Algorithm, bytes: Uint8Array): Keyshare {
  try {
    switch (algorithm) {
      case 'ecdsa-secp256k1':
        return Keyshare.decode(bytes);
    }
  } finally {
    bytes.fill(0);
  }
}

/** Opens the shard and wipes the opener, whether it opened anything or not. */
function openBytes({ expected, index, encryptedShard, opener }: ShareStart): Uint8Array {
  const { publicKey, keyTag, epoch, recordId } = expected;
  try {
    const identity = { publicKey, address: keyTag, partIndex: index, epoch, recordId };
    return openShard(encryptedShard, opener, identity);
  } finally {
    opener.fill(0);
  }
}

/** Names the first fact in which a keyshare differs from the record. */
function difference(
  keyshare: Keyshare,
  expected: ExpectedKeyshare,
  index: number,
): string | undefined {
  if (!equalBytes(keyshare.keyId, expected.keyId)) return 'key id';
  if (!equalBytes(keyshare.publicKey, expected.publicKey)) return 'public key';
  if (keyshare.epoch !== expected.epoch) return 'epoch';
  if (keyshare.index !== index) return 'part index';
  if (keyshare.threshold !== expected.threshold) return 'threshold';
  if (keyshare.parties !== expected.parties) return 'number of parties';
  return undefined;
}
