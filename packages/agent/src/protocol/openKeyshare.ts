/** A keyshare, out of its sealed shard. */
import { toHex } from '@quorate/intent';
import { Keyshare } from '@quorate/tss';
import { openShard } from './shard.ts';
import type { ExpectedKeyshare, ShareStart } from './frames.ts';

/** Opens the shard and checks that it is the one that the agent's own record describes. */
export function openKeyshare(start: ShareStart): Keyshare {
  const { expected, index } = start;
  const bytes = openBytes(start);
  const keyshare = decodeAndWipe(bytes);
  if (!matches(keyshare, expected, index)) {
    keyshare.wipe();
    throw new RangeError('the keyshare is not the one of the key record');
  }
  return keyshare;
}

function decodeAndWipe(bytes: Uint8Array): Keyshare {
  try {
    return Keyshare.decode(bytes);
  } finally {
    bytes.fill(0);
  }
}

/** The opener is spent, whether it opened anything or not. */
function openBytes({ expected, index, encryptedShard, opener }: ShareStart): Uint8Array {
  const { publicKey, address, epoch, recordId: record } = expected;
  try {
    const identity = { publicKey, address, partIndex: index, epoch, recordId: record };
    return openShard(encryptedShard, opener, identity);
  } finally {
    opener.fill(0);
  }
}

function matches(keyshare: Keyshare, expected: ExpectedKeyshare, index: number): boolean {
  return (
    keyshare.index === index &&
    keyshare.threshold === expected.threshold &&
    keyshare.parties === expected.parties &&
    keyshare.epoch === expected.epoch &&
    toHex(keyshare.keyId) === toHex(expected.keyId) &&
    toHex(keyshare.publicKey) === toHex(expected.publicKey)
  );
}
