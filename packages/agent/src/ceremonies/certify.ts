/** Making the one certificate of a session, after its session key and its record are on disk. */
import type { Prepared } from '@quorate/holder';
import { CERTIFICATE_TIMES } from '@quorate/intent';
import type { SessionRecord } from '../records/sessionRecords.ts';
import type { SessionControl } from './ceremony.ts';
import { certificatePayload, type OwnCertificate, ownCertificate } from './certificates.ts';
import { refuseUnless } from './refusal.ts';

/** The agreement to certify. */
interface Agreed {
  /** 32 bytes */
  readonly intentHash: Uint8Array;
  /** The session's first record. */
  readonly record: SessionRecord;
}

/** Certifies the agreement; `limited` hears until when, before the chip signs. */
export async function certify(
  control: Pick<SessionControl, 'context' | 'kind' | 'sessionKey' | 'partIndex' | 'isOver'>,
  { intentHash, record }: Agreed,
  keys: Prepared,
  limited: (notAfter: number) => void,
): Promise<OwnCertificate> {
  const { context, kind, sessionKey, partIndex } = control;
  const { chip, state } = context;
  refuseUnless(
    await state.sessions.begin(record),
    'session_key_used',
    'this session key was answered before',
  );
  refuseUnless(!control.isOver, 'aborted', 'the session ended');
  const now = context.now();
  limited(now + CERTIFICATE_TIMES.lifetime);
  const payload = certificatePayload(kind, sessionKey, partIndex, keys, intentHash, now);
  const der = await chip.signSession(payload);
  return ownCertificate(chip.publicKey, Buffer.concat([payload, der]));
}
