/** The partner's certificate, checked under what this server knows (docs/spec/cosigner.md, "Session"). */
import { type Certified, checkCertificate as check, intentOf as meant } from '@quorate/two-party';
import { CosignerError } from '../errors.ts';
import type { KeyRecord } from '../store/keyRecords.ts';
import type { Proposal, SessionContext } from './context.ts';
import { meaningOf, meantKey } from './facts.ts';

/** The intent of a session, from this side's own knowledge. */
export function intentOf(
  context: SessionContext,
  proposal: Proposal,
  key: KeyRecord | undefined,
): Uint8Array {
  return meant(meaningOf(context, proposal), meantKey(key));
}

/**
 * Checks the partner's certificate; gives its bytes and the keys that it certifies.
 * @throws CosignerError `invalid_certificate`, `intent_mismatch`
 */
export function checkCertificate(
  context: SessionContext,
  proposal: Proposal,
  text: string,
  intent: Uint8Array,
): Certified {
  const checked = check(meaningOf(context, proposal), text, intent, context.now());
  if ('code' in checked) throw new CosignerError(checked.code, checked.reason);
  return checked;
}
