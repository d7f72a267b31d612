/** The message to a partner about an end: all failed checks look alike from outside (J-7). */
import { type CosignerCode, isCosignerCode } from '@quorate/wire';

/** Codes that tell the partner nothing about a check. */
const TOLD: ReadonlySet<CosignerCode> = new Set([
  ...(['declined', 'timeout', 'process_restarted', 'key_locked', 'key_retired'] as const),
  ...(['key_pending', 'unknown_key', 'epoch_mismatch', 'intent_mismatch', 'stopping'] as const),
  ...([
    'chip_full',
    'unknown_session',
    'not_capable',
    'too_many_sessions',
    'wrong_side',
    'refresh_running',
  ] as const),
]);

/** The code for the partner. */
export function toldCode(code: string): CosignerCode {
  return isCosignerCode(code) && TOLD.has(code) ? code : 'aborted';
}
