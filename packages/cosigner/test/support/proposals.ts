/** Certificates as a partner makes them, outside of any session of its own. */
import { prepare } from '@quorate/holder';
import { type KeyObject, sign } from 'node:crypto';
import { encodeCertificatePayload, sessionMessage } from '@quorate/intent';
import type { MessageHash } from '@quorate/wire';
import { signable } from '@quorate/two-party';
import { intentOf } from '../../src/session/certificates.ts';
import type { Proposal, SessionContext } from '../../src/session/context.ts';
import type { Side } from './halves.ts';
import { KEY } from './records.ts';

/** P2's certificate of a signature that it proposes, by its own key or another. */
export function certificateFor(
  { p1, p2 }: { readonly p1: Side; readonly p2: Side },
  asked: {
    readonly id: string;
    readonly message: string;
    readonly hash: MessageHash;
    readonly key?: KeyObject;
  },
): string {
  const { id, message, hash, key } = asked;
  const proposal: Proposal = {
    id,
    type: 'sign',
    partner: p1.party.identity,
    initiator: 'own',
    keySessionId: KEY,
    message: signable(message, hash),
  };
  const context = { own: p2.party.identity, config: { paillier_bits: 2048 }, index: 2 };
  const intentHash = intentOf(context as SessionContext, proposal, p2.keys.find(KEY));
  const { nonce, keys } = prepare();
  const payload = encodeCertificatePayload({
    operation: 'sign',
    sessionKey: id,
    partIndex: 2,
    nonce,
    x25519: keys.x25519,
    ed25519: keys.ed25519,
    intentHash,
    notAfter: Date.now() + 60_000,
  });
  const signed = sessionMessage(p2.party.identity.identity, payload);
  const der = sign('sha256', signed, key ?? p2.party.key);
  return Buffer.concat([payload, der]).toString('base64');
}
