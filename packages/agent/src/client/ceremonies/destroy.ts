/**
 * Asks every holder to destroy its share of a key, and waits until each has answered.
 */
import type { CompleteOf } from '@quorate/wire';
import { broken } from '../ceremonyError.ts';
import type { ClientCeremony } from './shape.ts';

/** A key that is destroyed, and the fate of each share. */
export interface DestroyOutcome {
  readonly sessionKey: string;
  readonly address: string;
  readonly parts: CompleteOf<'destroy'>['parts'];
}

/** Believes only a completion about the key that was named. */
export const destroy: ClientCeremony<'destroy', DestroyOutcome> = {
  outcome({ session_key, address, parts }, order) {
    // An administrator may have given up on some parts: those are missing, and all may be.
    if (address.toLowerCase() !== order.address.toLowerCase()) {
      throw broken(session_key, 'the completion is not of this key');
    }
    return { sessionKey: session_key, address, parts };
  },
};
