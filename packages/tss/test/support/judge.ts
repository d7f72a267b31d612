import { expect } from 'vitest';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import type { Outcome, Signature } from '../../src/index.ts';

/** How an abort looks where nobody is blamed. */
export const blameless = (reason: string) => ({
  status: 'aborted',
  reason,
  culprits: [],
  bans: [],
});

/** How an abort looks that names parties. */
export const blames = (reason: string, ...culprits: readonly number[]) => ({
  status: 'aborted',
  reason,
  culprits,
  bans: [],
});

/** How an abort looks after which state with parties is dead. */
export const bans = (...culprits: readonly number[]) => ({
  status: 'aborted',
  reason: 'invalid-proof',
  culprits,
  bans: culprits,
});

/**
 * The facts that hold for every behaviour of a deviating party: no session breaks, no honest party is blamed or banned
 * by an honest one, and evidence is of what the blamed said.
 */
export function expectSound<T>(
  outcomes: ReadonlyMap<number, Outcome<T> | undefined>,
  evil: number,
): void {
  for (const [index, outcome] of outcomes) {
    if (outcome?.status !== 'aborted') continue;
    expect(outcome.reason, `party ${index}`).not.toBe('internal-error');
    if (index === evil) continue;
    expect([[], [evil]], `blame by party ${index}`).toContainEqual(outcome.culprits);
    expect([[], [evil]], `bans by party ${index}`).toContainEqual(outcome.bans);
    expect(outcome.evidence.every(({ from }) => from === evil)).toBe(true);
  }
}

/** As `expectSound`; and no signature that does not verify. */
export function expectSoundSigning(
  outcomes: ReadonlyMap<number, Outcome<Signature> | undefined>,
  evil: number,
  { digest, publicKey }: { readonly digest: Uint8Array; readonly publicKey: Uint8Array },
): void {
  expectSound(outcomes, evil);
  for (const outcome of outcomes.values()) {
    if (outcome?.status !== 'completed') continue;
    const compact = outcome.output.bytes.slice(0, 64);
    expect(secp256k1.verify(compact, digest, publicKey, { prehash: false, lowS: true })).toBe(true);
  }
}
