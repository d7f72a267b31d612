/** The consequence of a lock for the sessions of its key. */
import type { KeyFacts } from './terms.ts';

/** The code that the sessions of a locked key end with. */
export function lockCode(lock: KeyFacts['lock']): 'key_locked' | 'key_retired' {
  return lock === 'terminal' ? 'key_retired' : 'key_locked';
}
