/** Keyshares that the protocol thread has open, and the values that P2 prepares for each ahead. */
import { openShard } from '@quorate/holder';
import { toHex } from '@quorate/intent';
import { prepareTwoPartySign, TwoPartyKeyshare, type TwoPartyNonce } from '@quorate/tss/lindell17';
import type { ShareToOpen } from './protocol.ts';

/** Values kept ready for each key: enough that one signature never waits for them. */
const PREPARED = 2;

interface Held {
  readonly keyshare: TwoPartyKeyshare;
  /** Secret; memory only, each taken out before use (P-14). */
  readonly nonces: TwoPartyNonce[];
}

/** The open keyshares of one thread. */
export class HeldKeys {
  readonly #held = new Map<string, Held>();

  /** Opens a sealed keyshare; the opener is spent whether it opened anything or not. */
  open(name: string, share: ShareToOpen): void {
    if (this.#held.has(name)) return void share.opener.fill(0);
    this.#held.set(name, { keyshare: openKeyshare(share), nonces: [] });
  }

  /** The keyshare of a key. @throws RangeError when it is not open */
  keyshare(name: string): TwoPartyKeyshare {
    const held = this.#held.get(name);
    if (held === undefined) throw new RangeError(`the key ${name} is not open`);
    return held.keyshare;
  }

  /** Takes a prepared value out for good, if there is one. */
  takeNonce(name: string): TwoPartyNonce | undefined {
    return this.#held.get(name)?.nonces.shift();
  }

  /** Prepares one value for the key that lacks most; false when no key wants one. */
  prepareOne(): boolean {
    const poorest = [...this.#held.values()]
      .filter(({ keyshare }) => keyshare.role === 'P2')
      .sort((a, b) => a.nonces.length - b.nonces.length)[0];
    if (poorest === undefined || poorest.nonces.length >= PREPARED) return false;
    poorest.nonces.push(prepareTwoPartySign(poorest.keyshare));
    return true;
  }

  /** Wipes a keyshare and the values prepared for it. */
  wipe(name: string): void {
    const held = this.#held.get(name);
    if (held === undefined) return;
    this.#held.delete(name);
    held.nonces.length = 0;
    held.keyshare.wipe();
  }
}

function openKeyshare(share: ShareToOpen): TwoPartyKeyshare {
  const { publicKey, address, epoch, recordId, index } = share;
  let bytes: Uint8Array | undefined;
  try {
    const identity = { publicKey, address, partIndex: index, epoch, recordId };
    bytes = openShard(share.encryptedShard, share.opener, identity);
    const keyshare = TwoPartyKeyshare.decode(bytes);
    if (matches(keyshare, share)) return keyshare;
    keyshare.wipe();
    throw new RangeError('the keyshare is not the one of the key record');
  } finally {
    bytes?.fill(0);
    share.opener.fill(0);
  }
}

function matches(keyshare: TwoPartyKeyshare, share: ShareToOpen): boolean {
  return (
    keyshare.index === share.index &&
    keyshare.epoch === share.epoch &&
    toHex(keyshare.keyId) === toHex(share.keyId) &&
    toHex(keyshare.publicKey) === toHex(share.publicKey)
  );
}
