/**
 * Asks for a signature.
 */
import { digestOf, fromHex, parsePayload, verifySignature } from '@quorate/intent';
import { AgentError } from '../../errors.ts';
import { broken } from '../ceremonyError.ts';
import type { ClientCeremony } from './shape.ts';

/** A signature that verifies. */
export interface SignOutcome {
  readonly sessionKey: string;
  /** `0x` and 130 hex digits */
  readonly signature: string;
}

/** Believes only a signature of the digest by the address. */
export const sign: ClientCeremony<'sign', SignOutcome> = {
  check({ data, payload }) {
    if (payload === undefined) return;
    if (Buffer.from(digestOf(parsePayload(payload))).equals(fromHex(data, 32))) return;
    throw new AgentError('session/refused', 'the payload does not hash to the data');
  },

  outcome({ session_key, signature }, { data, address }) {
    if (!verifySignature(fromHex(data, 32), fromHex(signature, 65), address)) {
      throw broken(session_key, 'the signature is not one of this address');
    }
    return { sessionKey: session_key, signature };
  },
};
