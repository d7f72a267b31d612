import { createHmac, hkdfSync } from 'node:crypto';
import type { TokenKeys } from './tokenKeys.ts';

const LABEL = 'quorate/v1/known-address';

/**
 * Makes the function that hashes addresses for the store, under a key derived from the server's token key.
 *
 * Security: there are few addresses, so without a key kept elsewhere a copy of the database would reveal where
 * every user logs in from.
 */
export function addressHasher({ signing }: TokenKeys): (address: string) => string {
  const shared = signing.key instanceof Uint8Array;
  const secret = shared ? signing.key : signing.key.export({ type: 'pkcs8', format: 'der' });
  const key = Buffer.from(hkdfSync('sha256', secret, '', LABEL, 32));
  if (!shared) secret.fill(0);
  return (address) => createHmac('sha256', key).update(address).digest('hex');
}
