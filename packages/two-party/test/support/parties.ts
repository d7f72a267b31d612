/** Two parties with P-256 keys, and their certificates. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { concat, sessionMessage } from '@quorate/intent';
import { ADDRESS_OF_ONE } from '../../../../test/support/knownKey.ts';
import { signable } from '../../src/message.ts';
import type { Holder, Terms } from '../../src/terms.ts';

/** Somebody with a key of its own. */
export interface Party {
  readonly holder: Holder;
  readonly key: KeyObject;
}

function makeParty(name: string): Party {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64url'));
  const identity = concat(Uint8Array.of(4), bytes(x), bytes(y));
  return { holder: { name, identity }, key: privateKey };
}

/** P1 and P2. */
const PARTIES: readonly [Party, Party] = [makeParty('server'), makeParty('phone')];

/** The party of an index. */
export const partyOf = (index: 1 | 2): Party => PARTIES[index - 1] as Party;

/** A payload as the chip of a party certifies it. */
export function certificateBy({ holder, key }: Party, payload: Uint8Array): Uint8Array {
  const der = sign('sha256', sessionMessage(holder.identity, payload), key);
  return concat(payload, Uint8Array.from(der));
}

/** The session that generated the key. */
const KEY_SESSION = 'ab'.repeat(16);

/** The terms of one side; it is P1 that proposes unless said otherwise. */
export function termsOf(type: Terms['type'], index: 1 | 2, change: Partial<Terms> = {}): Terms {
  return {
    id: 'cd'.repeat(16),
    type,
    index,
    own: partyOf(index).holder,
    partner: partyOf(index === 1 ? 2 : 1).holder,
    message: type === 'sign' ? signable('pay 5', 'eip191') : null,
    bits: 2048,
    initiator: index === 1 ? 'own' : 'partner',
    keySessionId: type === 'keygen' ? null : KEY_SESSION,
    address: type === 'keygen' ? null : ADDRESS_OF_ONE,
    asks: false,
    deadlines: { step: 10, setUpStep: 60, approval: 120 },
    ...change,
  };
}
