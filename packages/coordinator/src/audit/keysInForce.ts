import type { Entry } from './entry.ts';

/** The action of the entry that records a change of a server key. */
export const ADOPTED = 'key.adopt';

/** Length in hex digits of the raw key that ends an Ed25519 SubjectPublicKeyInfo. */
const RAW_DIGITS = 64;

/** A replaced audit key, and the entry that records it: the first one that the key no longer signs. */
interface FormerKey {
  readonly until: number;
  /** 64 hex digits. */
  readonly publicKey: string;
}

/** The 32 bytes of an Ed25519 key, in hex, from its SubjectPublicKeyInfo. */
export function rawKeyOf(spki: string): string {
  return spki.slice(-RAW_DIGITS);
}

/** Finds the audit keys that signed earlier parts of a log, in order. docs/spec/audit.md §3. */
export function formerKeysIn(entries: readonly Entry[]): FormerKey[] {
  return entries.flatMap(({ seq, action, subject, details }) => {
    const spki = details['former_public_key'];
    if (action !== ADOPTED || subject !== 'audit' || typeof spki !== 'string') return [];
    return [{ until: seq, publicKey: rawKeyOf(spki) }];
  });
}

/** The audit key in force at an entry of a log whose newest key is given. */
export function keyAt(seq: number, formerKeys: readonly FormerKey[], newest: string): string {
  return formerKeys.find(({ until }) => seq < until)?.publicKey ?? newest;
}
