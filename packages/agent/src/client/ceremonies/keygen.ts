/**
 * Asks for a key.
 */
import { addressOf, fromHex } from '@quorate/intent';
import { broken } from '../ceremonyError.ts';
import type { ClientCeremony } from './shape.ts';

/** A key that exists. */
export interface KeygenOutcome {
  readonly sessionKey: string;
  readonly address: string;
  /** `0x` and 66 hex digits */
  readonly publicKey: string;
}

/** Believes an address only with its public key. */
export const keygen: ClientCeremony<'keygen', KeygenOutcome> = {
  outcome({ session_key, address, public_key }) {
    if (public_key === undefined || addressOf(fromHex(public_key)) !== address) {
      throw broken(session_key, 'the address is not that of the public key');
    }
    return { sessionKey: session_key, address, publicKey: public_key };
  },
};
