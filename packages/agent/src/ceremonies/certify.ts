/** Making the one certificate of a session, after its session key is on disk. */
import type { Prepared } from '@quorate/holder';
import { CERTIFICATE_TIMES } from '@quorate/intent';
import type { SessionControl } from './ceremony.ts';
import { certificatePayload, type OwnCertificate, ownCertificate } from './certificates.ts';
import { refuseUnless } from './refusal.ts';

/** Certifies the agreement; `limited` hears until when, before the chip signs. */
export async function certify(
  {
    context,
    kind,
    sessionKey,
    partIndex,
  }: Pick<SessionControl, 'context' | 'kind' | 'sessionKey' | 'partIndex'>,
  intentHash: Uint8Array,
  keys: Prepared,
  limited: (notAfter: number) => void,
): Promise<OwnCertificate> {
  const { chip, state } = context;
  refuseUnless(
    state.used.add(sessionKey, partIndex),
    'session_key_used',
    'this session key was answered before',
  );
  const now = context.now();
  limited(now + CERTIFICATE_TIMES.lifetime);
  const payload = certificatePayload(kind, sessionKey, partIndex, keys, intentHash, now);
  const der = await chip.signSession(payload);
  return ownCertificate(chip.publicKey, Buffer.concat([payload, der]));
}
