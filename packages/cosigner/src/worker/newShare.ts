/** A new keyshare on its way out of the protocol thread. */
import { sealShard } from '@quorate/holder';
import { parseAddress, recordId } from '@quorate/intent';
import { ethereumAddress } from '@quorate/tss';
import type { TwoPartyKeyshare } from '@quorate/tss/lindell17';
import type { NewShare } from './protocol.ts';

/** Seals a keyshare under a fresh opener; the caller wipes the keyshare. */
export function sealNewShare(keyshare: TwoPartyKeyshare): NewShare {
  const { publicKey, keyId, index, epoch, moduli } = keyshare;
  const address = ethereumAddress(publicKey);
  const name = recordId(keyId, index, epoch);
  const bytes = keyshare.encode();
  try {
    const identity = { publicKey, address: parseAddress(address), partIndex: index, epoch };
    const { encryptedShard, opener } = sealShard(bytes, { ...identity, recordId: name });
    return { publicKey, address, keyId, epoch, recordId: name, moduli, encryptedShard, opener };
  } finally {
    bytes.fill(0);
  }
}
